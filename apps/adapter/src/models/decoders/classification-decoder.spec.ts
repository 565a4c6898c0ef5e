import { describe, expect, it } from '@jest/globals';
import { decodeClassification } from './classification-decoder.js';
import { floats } from './tensors.fixture.js';

const decoding = { classes: 4, topK: 2, activation: 'none' } as const;

describe('decodeClassification', () => {
  it('gives the best classes, best first', () => {
    const outputs = new Map([['prob', floats([1, 4], [0.125, 0.5, 0, 0.25])]]);
    expect(decodeClassification(outputs, decoding)).toEqual([
      { classId: 1, score: 0.5 },
      { classId: 3, score: 0.25 },
    ]);
    expect(decodeClassification(outputs, { ...decoding, topK: 4, minScore: 0.2 })).toHaveLength(2);
  });

  it('makes probabilities of logits, also of huge ones', () => {
    const outputs = new Map([['logits', floats([1, 4, 1, 1], [1000, 1000 + Math.log(3), 0, 0])]]);
    const [first, second] = decodeClassification(outputs, { ...decoding, activation: 'softmax' });
    expect(first!.classId).toBe(1);
    expect(first!.score).toBeCloseTo(0.75, 3);
    expect(second!.score).toBeCloseTo(0.25, 3);
    const [best] = decodeClassification(new Map([['tags', floats([1, 4], [Math.log(3), -9, -9, -9])]]), {
      ...decoding,
      activation: 'sigmoid',
    });
    expect(best!.score).toBeCloseTo(0.75, 6);
  });

  it('refuses logits that were announced as probabilities, what is no number, and another number of classes', () => {
    expect(() => decodeClassification(new Map([['prob', floats([1, 4], [9, 0, 0, 0])]]), decoding)).toThrow('holds the score 9.00');
    for (const activation of ['none', 'softmax', 'sigmoid'] as const) {
      const outputs = new Map([['prob', floats([1, 4], [0, NaN, 0, 0])]]);
      expect(() => decodeClassification(outputs, { ...decoding, activation })).toThrow('holds a score that is not a number');
    }
    expect(() => decodeClassification(new Map([['prob', floats([1, 1000])]]), decoding)).toThrow(
      'output "prob" of the model has the shape [1, 1000], expected [1, 4] or [1, 4, 1, 1]',
    );
  });
});
