import { describe, expect, it } from '@jest/globals';
import { toldEnd, toldStart } from './told-time.js';

const nowMs = Date.UTC(2026, 5, 1, 12);
const hourMs = 3_600_000;
const start = (unixMs: number) => toldStart(unixMs, nowMs);

describe('the time that a caller tells of an event', () => {
  it('is taken within a day of our clock, to the millisecond', () => {
    for (const offMs of [-24 * hourMs, -0.4, 0, 24 * hourMs])
      expect(start(nowMs + offMs)).toEqual({ startedAt: new Date(Math.round(nowMs + offMs)) });
  });

  it.each([Date.UTC(2099, 0), Date.parse('0001-01-01T00:00:00Z'), nowMs + 24 * hourMs + 1, nowMs - 24 * hourMs - 1, NaN, Infinity])(
    'is ours instead of %s, and said to be a guess',
    (unixMs) => {
      expect(start(unixMs)).toEqual({ startedAt: new Date(nowMs), startGuessedWithinMs: hourMs });
    },
  );

  it('is never an end before its start', () => {
    expect(toldEnd(nowMs - 5_000, start(nowMs - 9_000), nowMs)).toEqual(new Date(nowMs - 5_000));
    expect(toldEnd(nowMs - 9_000, start(nowMs - 5_000), nowMs)).toEqual(new Date(nowMs - 5_000));
    expect(toldEnd(Date.UTC(2099, 0), start(nowMs - 5_000), nowMs)).toEqual(new Date(nowMs));
    expect(toldEnd(Date.UTC(2099, 0), start(nowMs + hourMs), nowMs)).toEqual(new Date(nowMs + hourMs));
    expect(toldEnd(Date.UTC(2099, 1), start(Date.UTC(2099, 0)), nowMs)).toEqual(new Date(nowMs));
  });
});
