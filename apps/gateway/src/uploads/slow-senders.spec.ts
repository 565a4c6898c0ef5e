import { describe, expect, it } from '@jest/globals';
import { PaceCounter } from './slow-senders.js';

const pace = { bytesPerSecondMin: 1024, windowMs: 30_000 };
/** What a sender sends in a sixth of the window. */
const enough = 5 * 1024;

describe('the pace of a sender', () => {
  it('is judged when a window is full, not before', () => {
    const counter = new PaceCounter(pace, 700);
    expect([1, 2, 3, 4, 5].map(() => counter.isTooSlow(700))).toEqual([false, false, false, false, false]);
    expect(counter.isTooSlow(700)).toBe(true);
  });

  it('is an average: a pause is made up for by what came before', () => {
    const counter = new PaceCounter(pace, 0);
    expect(counter.isTooSlow(6 * enough)).toBe(false);
    expect([2, 3, 4, 5, 6].map(() => counter.isTooSlow(6 * enough))).toEqual([false, false, false, false, false]);
    expect(counter.isTooSlow(6 * enough)).toBe(true);
  });

  it('of just enough is let through for ever, and of a byte less is not', () => {
    const steady = new PaceCounter(pace, 0);
    const slow = new PaceCounter(pace, 0);
    const looks = Array.from({ length: 100 }, (_, look) => look + 1);
    expect(looks.some((look) => steady.isTooSlow(look * enough))).toBe(false);
    expect(looks.findIndex((look) => slow.isTooSlow(look * (enough - 1)))).toBe(5);
  });

  it('is counted anew when we were the ones who kept it waiting', () => {
    const counter = new PaceCounter(pace, 0);
    for (let look = 0; look < 5; look++) counter.isTooSlow(0);
    counter.restart(0);
    expect(counter.isTooSlow(0)).toBe(false);
  });
});
