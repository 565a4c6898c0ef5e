import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ReadTicks } from './read-ticks.js';

const everyMs = 40;
let ticks: ReadTicks;

beforeEach(() => {
  jest.useFakeTimers();
  ticks = new ReadTicks(everyMs);
  // Right behind a tick of the grid.
  jest.advanceTimersByTime(everyMs - (performance.now() % everyMs));
});
afterEach(() => void jest.useRealTimers());

/** Waits, and says after how many ms it was called; undefined: not yet. */
function waiting(laterMs?: number): { calledAfterMs: number | undefined } {
  const startMs = performance.now();
  const waiter: ReturnType<typeof waiting> = { calledAfterMs: undefined };
  ticks.wait(() => (waiter.calledAfterMs = Math.round(performance.now() - startMs)), laterMs === undefined ? undefined : startMs + laterMs);
  return waiter;
}

describe('the moments at which cameras are read', () => {
  it('are the same for all who wait, on one grid', () => {
    const one = waiting();
    jest.advanceTimersByTime(10);
    const other = waiting();
    jest.advanceTimersByTime(everyMs);
    expect([one.calledAfterMs, other.calledAfterMs]).toEqual([everyMs, everyMs - 10]);
  });

  it('leave out a tick that is nearly there', () => {
    jest.advanceTimersByTime(everyMs - 5);
    const waiter = waiting();
    jest.advanceTimersByTime(2 * everyMs);
    expect(waiter.calledAfterMs).toBe(5 + everyMs);
  });

  it('pass over who needs it later, and wake him first who needs it first', () => {
    const late = waiting(2.5 * everyMs);
    const early = waiting();
    jest.advanceTimersByTime(2 * everyMs);
    expect([early.calledAfterMs, late.calledAfterMs]).toEqual([everyMs, undefined]);
    jest.advanceTimersByTime(everyMs);
    expect(late.calledAfterMs).toBe(3 * everyMs);
  });

  it('forget who no longer waits', () => {
    const onTick = jest.fn();
    ticks.wait(onTick);
    ticks.forget(onTick);
    jest.advanceTimersByTime(3 * everyMs);
    expect(onTick).not.toHaveBeenCalled();
  });
});
