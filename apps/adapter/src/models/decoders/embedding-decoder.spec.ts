import { describe, expect, it } from '@jest/globals';
import { decodeEmbedding } from './embedding-decoder.js';
import { floats } from './tensors.fixture.js';

describe('decodeEmbedding', () => {
  it('flattens whatever shape the vector has', () => {
    const outputs = new Map([['features', floats([1, 2, 1, 1], [3, 4])]]);
    expect(Array.from(decodeEmbedding(outputs, { normalise: false }))).toEqual([3, 4]);
  });

  it('scales it to length 1 on request', () => {
    const vector = decodeEmbedding(new Map([['x', floats([1, 2], [3, 4])]]), { normalise: true });
    expect(vector[0]).toBeCloseTo(0.6, 6);
    expect(vector[1]).toBeCloseTo(0.8, 6);
  });

  it('takes the output that is named', () => {
    const outputs = new Map([
      ['hidden', floats([1, 2], [1, 2])],
      ['pooled', floats([1, 2], [3, 4])],
    ]);
    expect(Array.from(decodeEmbedding(outputs, { normalise: false, outputName: 'pooled' }))).toEqual([3, 4]);
    expect(() => decodeEmbedding(outputs, { normalise: false })).toThrow('the model has no output for embedding; it has "hidden" [1, 2]');
  });

  it('refuses a picture, a batch, no direction, and what is no number', () => {
    const read = (output: ReturnType<typeof floats>) => decodeEmbedding(new Map([['x', output]]), { normalise: true });
    expect(() => read(floats([1, 3, 224, 224]))).toThrow('has the shape [1, 3, 224, 224], expected [1, up to 16384 numbers]');
    expect(() => read(floats([2, 128]))).toThrow('has the shape [2, 128]');
    expect(() => read(floats([1, 2]))).toThrow('output "x" of the model is zero: it has no direction');
    expect(() => read(floats([1, 2], [NaN, 1]))).toThrow('output "x" of the model holds something that is not a number');
  });
});
