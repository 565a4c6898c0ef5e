import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { WorkingTime } from './working-time.js';

describe('WorkingTime', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('ends after what it was given, without the pauses', () => {
    const time = new WorkingTime(1_000);
    jest.advanceTimersByTime(900);
    time.pause();
    jest.advanceTimersByTime(60_000);
    expect(time.signal.aborted).toBe(false);
    time.resume();
    jest.advanceTimersByTime(99);
    expect(time.signal.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    expect(time.signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  it('ends with its caller, also in a pause or before the beginning', () => {
    const caller = new AbortController();
    const time = new WorkingTime(1_000, caller.signal);
    time.pause();
    caller.abort(new Error('gone'));
    expect(time.signal.reason).toMatchObject({ message: 'gone' });
    expect(new WorkingTime(1_000, caller.signal).signal.aborted).toBe(true);
  });

  it('never ends when it was closed', () => {
    const caller = new AbortController();
    const time = new WorkingTime(1_000, caller.signal);
    time.close();
    expect(jest.getTimerCount()).toBe(0);
    caller.abort();
    expect(time.signal.aborted).toBe(false);
  });
});
