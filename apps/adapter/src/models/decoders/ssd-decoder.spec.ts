import { describe, expect, it } from '@jest/globals';
import type { Tensor } from '../../backends/tensor.js';
import { decodeSsd } from './ssd-decoder.js';
import { floats, integers } from './tensors.fixture.js';

const decoding = { inputWidthPixels: 400, inputHeightPixels: 200, classes: 2, minScore: 0.5 };

function chosen(more: Readonly<Record<string, Tensor>> = {}): Map<string, Tensor> {
  return new Map<string, Tensor>(
    Object.entries({
      detection_boxes: floats([1, 3, 4], [0.25, 0.5, 0.75, 1, 0, 0, 0.5, 0.25, 0, 0, 1, 1]),
      detection_scores: floats([1, 3], [0.875, 0.625, 0.75]),
      detection_classes: floats([1, 3], [1, 2, 1]),
      num_detections: floats([1], [2]),
      ...more,
    }),
  );
}

describe('decodeSsd of a model that chooses inside the graph', () => {
  it('reads boxes with y first, classes from 1, and only the valid rows', () => {
    expect(decodeSsd(chosen(), decoding)).toEqual([
      { box: { x1: 200, y1: 50, x2: 400, y2: 150 }, score: 0.875, classId: 0 },
      { box: { x1: 0, y1: 0, x2: 100, y2: 100 }, score: 0.625, classId: 1 },
    ]);
  });

  it('takes classes as integers and from 0 where the manifest says so, and all rows when no count is given', () => {
    const outputs = chosen({ detection_classes: integers([1, 3], [0, 1, 1]) });
    outputs.delete('num_detections');
    expect(decodeSsd(outputs, { ...decoding, firstClassNumber: 0 }).map(({ classId }) => classId)).toEqual([0, 1, 1]);
  });

  it('refuses a class without label and rows that do not fit together', () => {
    expect(() => decodeSsd(chosen({ detection_classes: floats([1, 3], [1, 3, 1]) }), decoding)).toThrow(
      'output "detection_classes" of the model holds the class number 3, expected 1 to 2',
    );
    expect(() => decodeSsd(chosen({ detection_scores: floats([1, 4]) }), decoding)).toThrow(
      'output "detection_scores" of the model has the shape [1, 4], expected [1, 3]',
    );
    expect(() => decodeSsd(new Map([['boxes', floats([1, 3, 4])]]), decoding)).toThrow('has the shape [1, 3, 4]');
  });
});

describe('decodeSsd of a raw model', () => {
  const boxes = floats([1, 2, 4], [0.5, 0.25, 1, 0.75, 0, 0, 0.25, 0.5]);

  it('reads boxes with x first and leaves the background out', () => {
    const scores = floats([1, 2, 3], [0.25, 0.75, 0, 0.875, 0, 0.125]);
    expect(
      decodeSsd(
        new Map([
          ['boxes', boxes],
          ['scores', scores],
        ]),
        decoding,
      ),
    ).toEqual([{ box: { x1: 200, y1: 50, x2: 400, y2: 150 }, score: 0.75, classId: 0 }]);
  });

  it('reads scores without a background, and boxes in pixels where the manifest says so', () => {
    const pixels = floats([1, 2, 4], [10, 20, 30, 40, 50, 60, 70, 80]);
    const scores = floats([1, 2, 2], [0.25, 0.75, 0.5, 0]);
    expect(
      decodeSsd(
        new Map([
          ['a', pixels],
          ['b', scores],
        ]),
        { ...decoding, boxUnits: 'pixels', outputNames: { boxes: 'a', scores: 'b' } },
      ),
    ).toEqual([
      { box: { x1: 10, y1: 20, x2: 30, y2: 40 }, score: 0.75, classId: 1 },
      { box: { x1: 50, y1: 60, x2: 70, y2: 80 }, score: 0.5, classId: 0 },
    ]);
  });

  it('refuses another number of classes', () => {
    expect(() =>
      decodeSsd(
        new Map([
          ['boxes', boxes],
          ['scores', floats([1, 2, 91])],
        ]),
        decoding,
      ),
    ).toThrow('output "scores" of the model has the shape [1, 2, 91], expected [1, 2, 2] or [1, 2, 3]');
  });
});
