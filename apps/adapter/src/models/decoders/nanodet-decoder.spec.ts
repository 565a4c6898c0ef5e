import { describe, expect, it } from '@jest/globals';
import { decodeNanodet } from './nanodet-decoder.js';

const classes = 3;
const inputPixels = 416;
const strides = [8, 16, 32];
const decoding = { inputWidthPixels: inputPixels, inputHeightPixels: inputPixels, classes, minScore: 0.5 };

/** Outputs without any object. */
function emptyOutputs(): Map<string, Float32Array> {
  const cells = strides.map((stride) => (inputPixels / stride) ** 2);
  return new Map([
    ...cells.map((count, level) => [['Identity', 'Identity_1', 'Identity_2'][level]!, new Float32Array(count * classes)] as const),
    ...cells.map((count, level) => [['Identity_3', 'Identity_4', 'Identity_5'][level]!, new Float32Array(count * 44)] as const),
  ]);
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
    outputs.get('Identity_2')![cell * classes + 1] = 0.8;
    [1, 2, 3, 4].forEach((bin, side) => setSide(outputs.get('Identity_5')!, { cell, side, bin }));
    const [only, ...others] = decodeNanodet(outputs, decoding);
    expect(others).toEqual([]);
    expect(only!.classId).toBe(1);
    expect(only!.score).toBeCloseTo(0.8, 6);
    // Centre (176, 80); distances of 1, 2, 3 and 4 strides of 32 px to left, top, right and bottom.
    expect(only!.box).toEqual({ x1: 144, y1: 16, x2: 272, y2: 208 });
  });

  it('takes the mean of the distribution of a distance', () => {
    const outputs = emptyOutputs();
    outputs.get('Identity')![0] = 0.9;
    const [only] = decodeNanodet(outputs, decoding);
    // Equal weight on 0..10 means five strides of 8 px on every side of the first cell's centre (4, 4).
    expect(only!.box).toEqual({ x1: -36, y1: -36, x2: 44, y2: 44 });
  });

  it('looks only at the classes asked for', () => {
    const outputs = emptyOutputs();
    outputs.get('Identity_1')!.set([0.9, 0.9, 0.9]);
    expect(decodeNanodet(outputs, { ...decoding, classIds: [2] }).map(({ classId }) => classId)).toEqual([2]);
  });

  it('takes no box from broken weights', () => {
    const outputs = emptyOutputs();
    outputs.get('Identity')!.fill(NaN);
    expect(decodeNanodet(outputs, decoding)).toEqual([]);
  });
});
