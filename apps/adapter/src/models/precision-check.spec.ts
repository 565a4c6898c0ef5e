import { describe, expect, it } from '@jest/globals';
import { checkPicture, compareOutputs } from './precision-check.js';

const outputs = (...values: number[]) =>
  new Map([['scores', { type: 'float32' as const, dims: [1, values.length], data: Float32Array.from(values) }]]);

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

describe('compareOutputs, of outputs that are no floats', () => {
  const counts = (...values: bigint[]) =>
    new Map([['count', { type: 'int64' as const, dims: [values.length], data: BigInt64Array.from(values) }]]);

  it('compares numbers of any type, and takes nothing on both sides for the same', () => {
    expect(compareOutputs(counts(3n, 4n), counts(3n, 4n)).agree).toBe(true);
    expect(compareOutputs(counts(3n, 4n), counts(4n, -3n)).agree).toBe(false);
    expect(compareOutputs(outputs(0, 0), outputs(0, 0)).agree).toBe(true);
    expect(compareOutputs(outputs(0, 0), outputs(0, 1)).agree).toBe(false);
  });
});

describe('checkPicture', () => {
  it('is the same on every call and fills the input', () => {
    const picture = checkPicture(64, 32);
    expect(picture.data).toHaveLength(64 * 32 * 3);
    expect(checkPicture(64, 32, 0.5).data[63 * 3]).toBeLessThan(picture.data[63 * 3]! / 1.9);
    expect(picture).toEqual(checkPicture(64, 32));
  });
});
