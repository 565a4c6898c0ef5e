import { describe, expect, it } from '@jest/globals';
import { suppressNonMaxima } from './non-maximum-suppression.js';

const person = 0;
const dog = 16;
const at = (left: number, score: number, classId = person) => ({
  box: { x1: left, y1: 0, x2: left + 10, y2: 20 },
  score,
  classId,
});

describe('suppressNonMaxima', () => {
  it('keeps the best of overlapping boxes of one class', () => {
    const kept = suppressNonMaxima([at(1, 0.6), at(0, 0.9), at(2, 0.7)], { maxIou: 0.5, scope: 'same-class' });
    expect(kept).toEqual([at(0, 0.9)]);
  });

  it('keeps neighbours that overlap less than the limit', () => {
    const kept = suppressNonMaxima([at(0, 0.9), at(6, 0.8)], { maxIou: 0.5, scope: 'same-class' });
    expect(kept).toHaveLength(2);
  });

  it('leaves other classes alone unless asked to look across them', () => {
    const twoNames = [at(0, 0.9), at(0, 0.8, dog)];
    expect(suppressNonMaxima(twoNames, { maxIou: 0.85, scope: 'same-class' })).toHaveLength(2);
    expect(suppressNonMaxima(twoNames, { maxIou: 0.85, scope: 'any-class' })).toEqual([at(0, 0.9)]);
  });

  it('does not let a suppressed box suppress others', () => {
    // 4 hides behind 0; 8 overlaps 4 but not 0, so it must stay.
    const chain = [at(0, 0.9), at(4, 0.8), at(8, 0.7)];
    const kept = suppressNonMaxima(chain, { maxIou: 0.4, scope: 'same-class' });
    expect(kept.map((d) => d.box.x1)).toEqual([0, 8]);
  });

  it('leaves its input as it was', () => {
    const input = [at(0, 0.1), at(50, 0.9)];
    suppressNonMaxima(input, { maxIou: 0.5, scope: 'same-class' });
    expect(input.map((d) => d.score)).toEqual([0.1, 0.9]);
  });
});
