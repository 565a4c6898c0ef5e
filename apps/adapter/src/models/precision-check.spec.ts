import { describe, expect, it } from '@jest/globals';
import { checkPicture, compareOutputs } from './precision-check.js';

const outputs = (...values: number[]) => new Map([['scores', Float32Array.from(values)]]);

describe('compareOutputs', () => {
  it('accepts small differences', () => {
    expect(compareOutputs(outputs(0.1, 0.9, 0.4), outputs(0.11, 0.88, 0.41)).agree).toBe(true);
  });

  it('refuses other values, other lengths, missing outputs and NaN', () => {
    const reference = outputs(0.1, 0.9, 0.4);
    expect(compareOutputs(reference, outputs(0.9, 0.1, 0.4)).agree).toBe(false);
    expect(compareOutputs(reference, outputs(0.1, 0.9)).agree).toBe(false);
    expect(compareOutputs(reference, new Map()).agree).toBe(false);
    expect(compareOutputs(reference, outputs(0.1, NaN, 0.4)).agree).toBe(false);
  });
});

describe('checkPicture', () => {
  it('is the same on every call and fills the input', () => {
    const picture = checkPicture(64, 32);
    expect(picture.data).toHaveLength(64 * 32 * 3);
    expect(picture).toEqual(checkPicture(64, 32));
  });
});
