import { describe, expect, it } from '@jest/globals';
import type { Tensor } from '../../backends/tensor.js';
import { decodeRtdetr } from './rtdetr-decoder.js';
import { floats, integers } from './tensors.fixture.js';

const decoding = { inputWidthPixels: 640, inputHeightPixels: 320, classes: 2, minScore: 0.5 };
const centred = floats([1, 2, 4], [0.5, 0.5, 0.25, 0.5, 0.25, 0.25, 0.5, 0.5]);

describe('decodeRtdetr', () => {
  it('reads logits and boxes in fractions', () => {
    // The sigmoid of ln 3 is .75, that of -ln 3 .25.
    const logits = floats([1, 2, 2], [Math.log(3), -Math.log(3), -9, -9]);
    const found = decodeRtdetr(
      new Map([
        ['logits', logits],
        ['pred_boxes', centred],
      ]),
      decoding,
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ box: { x1: 240, y1: 80, x2: 400, y2: 240 }, classId: 0 });
    expect(found[0]!.score).toBeCloseTo(0.75, 6);
  });

  it('reads the deploy export: labels, boxes in pixels, scores', () => {
    const outputs = new Map<string, Tensor>([
      ['labels', integers([1, 2], [1, 0])],
      ['boxes', floats([1, 2, 4], [10, 20, 30, 40, 1, 2, 3, 4])],
      ['scores', floats([1, 2], [0.75, 0.25])],
    ]);
    expect(decodeRtdetr(outputs, decoding)).toEqual([{ box: { x1: 10, y1: 20, x2: 30, y2: 40 }, score: 0.75, classId: 1 }]);
    outputs.set('labels', integers([1, 2], [80, 0]));
    expect(() => decodeRtdetr(outputs, decoding)).toThrow('output "labels" of the model holds the class number 80, expected 0 to 1');
  });

  it('reads the joined export: boxes in fractions and probabilities in one output', () => {
    const output = floats([1, 2, 6], [0.5, 0.5, 0.25, 0.5, 0.75, 0, 0.25, 0.25, 0.5, 0.5, 0, 0.25]);
    expect(decodeRtdetr(new Map([['output0', output]]), decoding)).toEqual([
      { box: { x1: 240, y1: 80, x2: 400, y2: 240 }, score: 0.75, classId: 0 },
    ]);
  });

  it('refuses what does not fit together, and what is no number', () => {
    const short = new Map([
      ['logits', floats([1, 3, 2])],
      ['pred_boxes', centred],
    ]);
    expect(() => decodeRtdetr(short, decoding)).toThrow('output "pred_boxes" of the model has the shape [1, 2, 4], expected [1, 3, 4]');
    const wrong = new Map([
      ['a', centred],
      ['b', centred],
    ]);
    expect(() => decodeRtdetr(wrong, decoding)).toThrow('the model has no output for logits; it has "a" [1, 2, 4], "b" [1, 2, 4]');
    const broken = new Map([
      ['logits', floats([1, 2, 2], [NaN, 0, 0, 0])],
      ['pred_boxes', centred],
    ]);
    expect(() => decodeRtdetr(broken, decoding)).toThrow('output "logits" of the model holds a score that is not a number');
  });
});
