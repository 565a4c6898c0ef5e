import { describe, expect, it } from '@jest/globals';
import { ReadPace } from './read-pace.js';

/** The pauses of a camera that sends so much, each as long as was asked for. */
function pauses(kbits: number, dueInMs: (nowMs: number) => number, count = 6): number[] {
  const pace = new ReadPace();
  let nowMs = 0;
  return Array.from({ length: count }, () => {
    const nextMs = pace.next(nowMs, nowMs + dueInMs(nowMs));
    pace.took(((nextMs - nowMs) * kbits) / 8);
    const pauseMs = nextMs - nowMs;
    nowMs = nextMs;
    return pauseMs;
  });
}

describe('when a camera is read next', () => {
  it('is when its next picture comes', () => {
    expect(pauses(100, () => 533).at(-1)).toBe(533);
    expect(pauses(4_000, () => 80).at(-1)).toBe(80);
    expect(pauses(100, () => -20).at(-1)).toBe(-20);
  });

  it('is at least every 240 ms where much is sent, and at first', () => {
    expect(pauses(4_000, () => Infinity)).toEqual([240, 240, 240, 240, 240, 240]);
    expect(pauses(100, () => Infinity)[0]).toBe(240);
  });

  it('is three times a second where little is sent and nothing is looked at, so that motion is noticed within a second', () => {
    expect(pauses(100, () => Infinity).at(-1)).toBe(320);
    expect(pauses(100, () => 5_000).at(-1)).toBe(640);
  });

  it('is when half a buffer has come', () => {
    expect(Math.round(pauses(900, () => Infinity).at(-1) ?? 0)).toBe(Math.round((32 * 1024 * 8) / 900));
  });
});
