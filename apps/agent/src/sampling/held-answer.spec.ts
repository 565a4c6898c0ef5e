import { describe, expect, it } from '@jest/globals';
import { HeldAnswer } from './held-answer.js';

const still = { share: 0, regions: [] };
const moving = { share: 0.1, regions: [{ x1: 0, y1: 0, x2: 0.5, y2: 0.5 }] };

describe('an answer of the detector', () => {
  it('holds while nothing moves, and is asked for again on every tenth frame', () => {
    const held = new HeldAnswer<string>();
    expect(held.for(still)).toBeUndefined();
    held.keep('nobody');
    const answers = Array.from({ length: 20 }, () => {
      const answer = held.for(still);
      if (answer === undefined) held.keep('nobody');
      return answer;
    });
    expect(answers.flatMap((answer, index) => (answer === undefined ? [index] : []))).toEqual([9, 19]);
    expect(held.saved).toBe(18);
  });

  it('does not hold for a frame on which something moves, or of which that is not known, nor after it', () => {
    const held = new HeldAnswer<string>();
    for (const motion of [moving, undefined]) {
      held.keep('nobody');
      expect(held.for(motion)).toBeUndefined();
      // That question was not answered.
      expect(held.for(still)).toBeUndefined();
    }
  });

  it('is forgotten when another question has to be asked', () => {
    const held = new HeldAnswer<string>();
    held.keep('nobody');
    held.forget();
    expect(held.for(still)).toBeUndefined();
  });
});
