import { describe, expect, it } from '@jest/globals';
import { refusalOf } from './quota-refusal.js';

const nowUnixMs = Date.UTC(2026, 10, 22, 23, 59, 30);

describe('a submit that a quota has no room for', () => {
  it('may come again soon when jobs are open, and on the next day of UTC when the day is used up', () => {
    expect(refusalOf('jobs-open', { limit: 50, used: 50 }, { nowUnixMs })).toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 5_000,
      details: { quota: 'jobs-open', limit: 50, used: 50 },
    });
    expect(refusalOf('jobs-per-day', { limit: 9, used: 9 }, { nowUnixMs })).toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 30_000,
      details: { quota: 'jobs-per-day' },
    });
    expect(refusalOf('upload-bytes-per-day', { limit: 100, used: 90 }, { nowUnixMs, wantedBytes: 11 })).toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 30_000,
    });
  });

  it('need not come again when no day has room for it', () => {
    const refusal = refusalOf('upload-bytes-per-day', { limit: 100, used: 0 }, { nowUnixMs, wantedBytes: 101 });
    expect([refusal.code, refusal.retryAfterMs]).toEqual(['payload_too_large', undefined]);
  });
});
