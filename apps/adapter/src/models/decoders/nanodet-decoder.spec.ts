import { describe, expect, it } from '@jest/globals';
import type { Tensor } from '../../backends/tensor.js';
import { decodeNanodet } from './nanodet-decoder.js';

const classes = 3;
const inputPixels = 416;
const strides = [8, 16, 32];
const decoding = { inputWidthPixels: inputPixels, inputHeightPixels: inputPixels, classes, minScore: 0.5 };

/** Outputs without any object. */
function emptyOutputs(): Map<string, Tensor & { data: Float32Array }> {
  const cells = strides.map((stride) => (inputPixels / stride) ** 2);
  const level = (names: string[], depth: number) =>
    cells.map((count, index) => {
      const tensor = { type: 'float32', dims: [1, count, depth], data: new Float32Array(count * depth) } as const;
      return [names[index]!, tensor] as const;
    });
  return new Map([...level(['Identity', 'Identity_1', 'Identity_2'], classes), ...level(['Identity_3', 'Identity_4', 'Identity_5'], 44)]);
}

/** Puts all weight of one side's distribution on one bin. */
function setSide(sides: Float32Array, place: { cell: number; side: number; bin: number }): void {
  sides[(place.cell * 4 + place.side) * 11 + place.bin] = 100;
}

describe('decodeNanodet', () => {
  it('finds nothing where no score reaches the threshold', () => {
    expect(decodeNanodet(emptyOutputs(), decoding)).toEqual([]);
  });

  it('places a box around the centre of its cell by the four distances', () => {
    const outputs = emptyOutputs();
    const cell = 2 * 13 + 5; // row 2, column 5 of the coarse grid
    outputs.get('Identity_2')!.data[cell * classes + 1] = 0.8;
    [1, 2, 3, 4].forEach((bin, side) => setSide(outputs.get('Identity_5')!.data, { cell, side, bin }));
    const [only, ...others] = decodeNanodet(outputs, decoding);
    expect(others).toEqual([]);
    expect(only!.classId).toBe(1);
    expect(only!.score).toBeCloseTo(0.8, 6);
    // Centre (176, 80); distances of 1, 2, 3 and 4 strides of 32 px to left, top, right and bottom.
    expect(only!.box).toEqual({ x1: 144, y1: 16, x2: 272, y2: 208 });
  });

  it('takes the mean of the distribution of a distance', () => {
    const outputs = emptyOutputs();
    outputs.get('Identity')!.data[0] = 0.9;
    const [only] = decodeNanodet(outputs, decoding);
    // Equal weight on 0..10 means five strides of 8 px on every side of the first cell's centre (4, 4).
    expect(only!.box).toEqual({ x1: -36, y1: -36, x2: 44, y2: 44 });
  });

  it('looks only at the classes asked for', () => {
    const outputs = emptyOutputs();
    outputs.get('Identity_1')!.data.set([0.9, 0.9, 0.9]);
    expect(decodeNanodet(outputs, { ...decoding, classIds: [2, 7] }).map(({ classId }) => classId)).toEqual([2]);
  });

  it('gives the best thousand boxes, by falling score, when everything reaches the threshold', () => {
    const outputs = emptyOutputs();
    outputs.get('Identity')!.data.fill(0.6);
    outputs.get('Identity_2')!.data[0] = 0.9;
    const found = decodeNanodet(outputs, decoding);
    expect(found).toHaveLength(1000);
    expect(found[0]!.score).toBeCloseTo(0.9, 6);
  });

  it('refuses broken weights instead of seeing an empty scene', () => {
    const scores = emptyOutputs();
    scores.get('Identity')!.data[17] = NaN;
    expect(() => decodeNanodet(scores, decoding)).toThrow('output "Identity" of the model holds a score that is not a number');
    const sides = emptyOutputs();
    sides.get('Identity')!.data[0] = 0.9;
    sides.get('Identity_3')!.data[0] = NaN;
    expect(() => decodeNanodet(sides, decoding)).toThrow('output "Identity_3" of the model holds a box that is not a number');
  });

  it('refuses outputs of another size or another model', () => {
    expect(() => decodeNanodet(emptyOutputs(), { ...decoding, classes: 80 })).toThrow(
      'output "Identity" of the model has the shape [1, 2704, 3], expected [1, 2704, 80]',
    );
    const other = new Map([['output0', emptyOutputs().get('Identity')!]]);
    expect(() => decodeNanodet(other, decoding)).toThrow('the model has no output "Identity"; it has output0');
  });
});
