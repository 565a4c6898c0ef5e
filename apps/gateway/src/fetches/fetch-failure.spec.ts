import { describe, expect, it } from '@jest/globals';
import { AppError, toAppError } from '@nightjar/runtime';
import { afterFailure } from './fetch-failure.js';

const away = new AppError('unavailable', 'the server cannot be reached');

describe('a download that failed', () => {
  it('is tried again, later each time, five times in all', () => {
    const pauses = [1, 2, 3, 4].map((tried) => afterFailure(away, { tried, random: 0.5 }));
    expect(pauses).toEqual([5_000, 30_000, 120_000, 600_000].map((afterMs) => ({ kind: 'try_again', afterMs })));
    expect(afterFailure(away, { tried: 5, random: 0.5 })).toEqual({
      kind: 'give_up',
      error: { code: 'download_failed', message: 'the video could not be fetched: the server cannot be reached' },
    });
  });

  it('does not come back with the others', () => {
    expect([0, 1].map((random) => afterFailure(away, { tried: 1, random }))).toEqual([
      { kind: 'try_again', afterMs: 4_750 },
      { kind: 'try_again', afterMs: 5_250 },
    ]);
  });

  it.each(['unprocessable', 'payload_too_large'] as const)('is given up at once when it was %s', (code) => {
    expect(afterFailure(new AppError(code, 'so it is'), { tried: 1, random: 0 }).kind).toBe('give_up');
  });

  it('tells nothing of what broke inside', () => {
    const inside = toAppError(new TypeError('https://user:secret@10.0.0.1/ is broken'));
    const after = afterFailure(inside, { tried: 5, random: 0 });
    expect(after).toEqual({ kind: 'give_up', error: { code: 'download_failed', message: 'the video could not be fetched' } });
  });
});
