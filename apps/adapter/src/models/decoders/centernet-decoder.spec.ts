import { describe, expect, it } from '@jest/globals';
import { decodeCenternet } from './centernet-decoder.js';
import { floats } from './tensors.fixture.js';

const classes = 2;
const size = 6;
const decoding = { inputWidthPixels: 24, inputHeightPixels: 24, classes, minScore: 0.4 };

function outputsWith(scores: readonly { x: number; y: number; classId: number; score: number }[]) {
  const heatMap = floats([1, size, size, classes]);
  const sides = floats([1, size, size, 4]);
  for (const { x, y, classId, score } of scores) heatMap.data[(y * size + x) * classes + classId] = score;
  return { heatMap, sides, outputs: new Map([['tower_0/keypoints', heatMap] as const, ['tower_0/wh', sides] as const]) };
}

describe('decodeCenternet', () => {
  it('places a box around a peak by its four sides', () => {
    const { outputs, sides } = outputsWith([{ x: 3, y: 2, classId: 1, score: 0.75 }]);
    sides.data.set([1, 2, 3, 4], (2 * size + 3) * 4);
    // The peak is at (12, 8) pixels.
    expect(decodeCenternet(outputs, decoding)).toEqual([{ box: { x1: 11, y1: 6, x2: 15, y2: 12 }, score: 0.75, classId: 1 }]);
  });

  it('takes of neighbouring cells the highest, and both of two apart', () => {
    const { outputs } = outputsWith([
      { x: 1, y: 1, classId: 0, score: 0.5 },
      { x: 2, y: 2, classId: 0, score: 0.75 },
      { x: 5, y: 5, classId: 0, score: 0.5 },
      { x: 1, y: 2, classId: 1, score: 0.25 },
    ]);
    expect(decodeCenternet(outputs, decoding).map(({ box, score }) => [box.x1, box.y1, score])).toEqual([
      [8, 8, 0.75],
      [20, 20, 0.5],
    ]);
  });

  it('keeps peaks of two classes in one place, or only the class asked for', () => {
    const { outputs } = outputsWith([
      { x: 0, y: 0, classId: 0, score: 0.5 },
      { x: 0, y: 0, classId: 1, score: 0.75 },
    ]);
    expect(decodeCenternet(outputs, decoding).map(({ classId }) => classId)).toEqual([1, 0]);
    expect(decodeCenternet(outputs, { ...decoding, classIds: [0] }).map(({ classId }) => classId)).toEqual([0]);
  });

  it('refuses what is no number, and outputs of another size', () => {
    const { outputs, heatMap, sides } = outputsWith([{ x: 0, y: 0, classId: 0, score: 0.5 }]);
    sides.data[2] = NaN;
    expect(() => decodeCenternet(outputs, decoding)).toThrow('output "tower_0/wh" of the model holds a box that is not a number');
    heatMap.data[7] = NaN;
    expect(() => decodeCenternet(outputs, decoding)).toThrow('output "tower_0/keypoints" of the model holds a score that is not a number');
    expect(() => decodeCenternet(outputs, { ...decoding, inputWidthPixels: 512 })).toThrow(
      'output "tower_0/keypoints" of the model has the shape [1, 6, 6, 2], expected [1, 6, 128, 2]',
    );
  });
});
