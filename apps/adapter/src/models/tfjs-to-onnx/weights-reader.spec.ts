import { describe, expect, it } from '@jest/globals';
import { numbersOf } from './constant-tensor.js';
import type { WeightEntry } from './graph-model.js';
import { readWeights, widenHalfFloats } from './weights-reader.js';

const read = async (weights: WeightEntry[], bytes: Uint8Array) => {
  const tensors = await readWeights([{ paths: ['only.bin'], weights }], async () => bytes);
  return Object.fromEntries([...tensors].map(([name, tensor]) => [name, numbersOf(tensor)]));
};

describe('readWeights', () => {
  it('cuts the file into tensors of different types, whatever their alignment', async () => {
    const bytes = Buffer.concat([Buffer.from([1]), Buffer.from(Float32Array.of(1.5, -2).buffer), Buffer.from(Int32Array.of(-7).buffer)]);
    const tensors = await read(
      [
        { name: 'flag', shape: [], dtype: 'bool' },
        { name: 'pair', shape: [2], dtype: 'float32' },
        { name: 'count', shape: [1], dtype: 'int32' },
      ],
      bytes,
    );
    expect(tensors).toEqual({ flag: [1], pair: [1.5, -2], count: [-7] });
  });

  it('restores values stored in eight bits by their scale and minimum', async () => {
    const entry: WeightEntry = { name: 'w', shape: [3], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } };
    expect(await read([entry], Uint8Array.of(0, 2, 255))).toEqual({ w: [-1, 0, 126.5] });
  });

  it('refuses a file that is too short', async () => {
    await expect(read([{ name: 'w', shape: [4], dtype: 'float32' }], new Uint8Array(15))).rejects.toThrow('the weights end before "w"');
  });
});

describe('widenHalfFloats', () => {
  it('covers normal, subnormal and special values', () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x0000, 0x7c00, 0xfc00, 0x7e00);
    const expected = [1, -2, 0.333251953125, 2 ** -24, 0, Infinity, -Infinity, NaN];
    expect(Array.from(widenHalfFloats(halves))).toEqual(expected);
  });
});
