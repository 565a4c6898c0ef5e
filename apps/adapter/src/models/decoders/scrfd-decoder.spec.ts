import { describe, expect, it } from '@jest/globals';
import type { Tensor } from '../../backends/tensor.js';
import { decodeScrfd } from './scrfd-decoder.js';
import { floats } from './tensors.fixture.js';

const decoding = { inputWidthPixels: 64, inputHeightPixels: 32, minScore: 0.5 };
// Two anchors a cell: 8×4 cells of stride 8, 4×2 of 16, 2×1 of 32.
const anchors = [64, 16, 4];

/** Named by number and in no order, as the authors' exports are. */
function emptyOutputs({ leadingOne = false, points = true } = {}): Map<string, Tensor & { data: Float32Array }> {
  const shape = (count: number, numbers: number) => [...(leadingOne ? [1] : []), count, numbers];
  const names = new Map<string, Tensor & { data: Float32Array }>();
  anchors.forEach((count, level) => {
    if (points) names.set(`${500 + level}`, floats(shape(count, 10)));
    names.set(`${448 + level}`, floats(shape(count, 1)));
    names.set(`${470 + level}`, floats(shape(count, 4)));
  });
  return names;
}

describe('decodeScrfd', () => {
  it.each([{ leadingOne: false }, { leadingOne: true }])('reads distances and five landmarks in strides, $leadingOne', ({ leadingOne }) => {
    const outputs = emptyOutputs({ leadingOne });
    // Second anchor of row 1, column 2 of stride 16: corner (32, 16).
    const anchor = (4 + 2) * 2 + 1;
    outputs.get('449')!.data[anchor] = 0.75;
    outputs.get('471')!.data.set([1, 0.5, 0.25, 2], anchor * 4);
    outputs.get('501')!.data.set([-0.5, -0.25, 0.5, -0.25, 0, 0, -0.25, 0.5, 0.25, 0.5], anchor * 10);
    expect(decodeScrfd(outputs, decoding)).toEqual([
      {
        box: { x1: 16, y1: 8, x2: 36, y2: 48 },
        score: 0.75,
        classId: 0,
        points: [
          { x: 24, y: 12 },
          { x: 40, y: 12 },
          { x: 32, y: 16 },
          { x: 28, y: 24 },
          { x: 36, y: 24 },
        ],
      },
    ]);
  });

  it('gives faces without points where the model has none', () => {
    const outputs = emptyOutputs({ points: false });
    outputs.get('450')!.data[0] = 1;
    expect(decodeScrfd(outputs, decoding)[0]!.points).toEqual([]);
  });

  it('refuses outputs that do not fit the input, and what is no number', () => {
    expect(() => decodeScrfd(emptyOutputs(), { ...decoding, inputWidthPixels: 640, inputHeightPixels: 640 })).toThrow(
      'the model has no output [12800, 1] for the scores of stride 8; it has "500" [64, 10], "448" [64, 1]',
    );
    const outputs = emptyOutputs();
    outputs.get('448')!.data[5] = NaN;
    expect(() => decodeScrfd(outputs, decoding)).toThrow('output "448" of the model holds a score that is not a number');
  });
});
