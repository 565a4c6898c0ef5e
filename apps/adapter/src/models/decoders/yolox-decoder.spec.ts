import { describe, expect, it } from '@jest/globals';
import { floats } from './tensors.fixture.js';
import { decodeYolox } from './yolox-decoder.js';

// 64×32 pixels: 8×4 cells of stride 8, 4×2 of 16, 2×1 of 32.
const decoding = { inputWidthPixels: 64, inputHeightPixels: 32, classes: 2, minScore: 0.5 };
const cells = 32 + 8 + 2;

function outputWith(rows: Readonly<Record<number, readonly number[]>>) {
  const output = floats([1, cells, 7]);
  for (const [cell, row] of Object.entries(rows)) output.data.set(row, Number(cell) * 7);
  return new Map([['output', output]]);
}

describe('decodeYolox', () => {
  it('adds the cell and scales by the stride of its grid', () => {
    const outputs = outputWith({
      // Row 1, column 2 of the fine grid: centre (2.5, 1.25) · 8, size (e⁰, 2) · 8.
      10: [0.5, 0.25, 0, Math.log(2), 1, 0.75, 0],
      // Row 0, column 1 of the coarse grid: centre (1.5, 0.5) · 32, size 32.
      41: [0.5, 0.5, 0, 0, 0.75, 0.25, 1],
    });
    const found = decodeYolox(outputs, decoding);
    expect(found.map(({ score, classId }) => [score, classId])).toEqual([
      [0.75, 0],
      [0.75, 1],
    ]);
    const [fine, coarse] = found;
    expect(fine!.box.x1).toBeCloseTo(16, 5);
    expect(fine!.box.y1).toBeCloseTo(2, 5);
    expect(fine!.box.x2).toBeCloseTo(24, 5);
    expect(fine!.box.y2).toBeCloseTo(18, 5);
    expect(coarse!.box).toEqual({ x1: 32, y1: 0, x2: 64, y2: 32 });
  });

  it('refuses an output whose rows are not the cells of the input, and a size beyond all numbers', () => {
    expect(() => decodeYolox(outputWith({}), { ...decoding, inputWidthPixels: 416, inputHeightPixels: 416 })).toThrow(
      'output "output" of the model has the shape [1, 42, 7], expected [1, 3549, 7]',
    );
    const broken = outputWith({ 0: [0, 0, 1e9, 0, 1, 1, 0] });
    expect(() => decodeYolox(broken, decoding)).toThrow('output "output" of the model holds a box that is not a number');
  });
});
