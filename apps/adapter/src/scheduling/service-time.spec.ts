import { describe, expect, it } from '@jest/globals';
import { ServiceTime } from './service-time.js';

describe('ServiceTime', () => {
  it('tells when a queue will have been worked off, by the speed of the last requests', () => {
    const time = new ServiceTime();
    for (let i = 0; i < 200; i++) time.note(200);
    expect(time.retryAfterMs({ queued: 16, atOnce: 2 })).toBeCloseTo(1_600, -1);
    expect(time.retryAfterMs({ queued: 16, atOnce: 8 })).toBeCloseTo(400, -1);
  });

  it('never says "at once", and never "in an hour"', () => {
    const time = new ServiceTime();
    expect(time.retryAfterMs({ queued: 1, atOnce: 16 })).toBe(100);
    expect(time.retryAfterMs({ queued: 1_000, atOnce: 0 })).toBe(5_000);
  });
});
