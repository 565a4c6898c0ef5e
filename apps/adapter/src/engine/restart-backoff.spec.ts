import { describe, expect, it } from '@jest/globals';
import { RestartBackoff } from './restart-backoff.js';

describe('RestartBackoff', () => {
  it('restarts at once, then waits longer and longer up to a bound', () => {
    const backoff = new RestartBackoff();
    const delays = Array.from({ length: 11 }, () => backoff.nextDelayMs(100));
    expect(delays).toEqual([0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('forgives after a minute of work', () => {
    const backoff = new RestartBackoff();
    for (let i = 0; i < 5; i++) backoff.nextDelayMs(100);
    expect(backoff.nextDelayMs(60_000)).toBe(0);
  });
});
