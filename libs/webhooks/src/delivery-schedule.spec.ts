import { describe, expect, it } from '@jest/globals';
import { retryAfterMs, standardWaitsMs, verdictAfter, type ReceiverAnswer } from './delivery-schedule.js';

const nowUnixMs = Date.UTC(2026, 0, 1);
const verdict = (answer: ReceiverAnswer | undefined, options: { attemptsMade?: number; random?: number } = {}) =>
  verdictAfter(answer, {
    attemptsMade: options.attemptsMade ?? 1,
    waitsMs: standardWaitsMs,
    nowUnixMs,
    random: () => options.random ?? 0.5,
  });
const status = (code: number, retryAfter?: string): ReceiverAnswer => ({ status: code, retryAfter });

describe('the schedule of a webhook', () => {
  it('has ten attempts, the first at once, the last after 75.6 hours', () => {
    const [first] = standardWaitsMs;
    const hours = standardWaitsMs.reduce((sum, ms) => sum + ms, 0) / 3_600_000;
    expect([standardWaitsMs.length, first, Math.round(hours * 10) / 10]).toEqual([10, 0, 75.6]);
  });

  it.each([200, 201, 204, 299])('ends with status %i', (code) => expect(verdict(status(code))).toEqual({ kind: 'delivered' }));

  it('is called off by 410, after the last attempt too', () => {
    expect(verdict(status(410))).toEqual({ kind: 'cancelled' });
    expect(verdict(status(410), { attemptsMade: 10 })).toEqual({ kind: 'cancelled' });
  });

  it.each([199, 300, 301, 304, 307, 400, 401, 404, 408, 411, 422, 425, 429, 500, 502, 503, 504, 599])('goes on after status %i', (code) => {
    expect(verdict(status(code))).toEqual({ kind: 'retry', waitMs: 5_000 });
  });

  it('goes on without an answer', () => expect(verdict(undefined)).toEqual({ kind: 'retry', waitMs: 5_000 }));

  it('waits as planned, a tenth more or less', () => {
    for (const [index, planned] of standardWaitsMs.entries()) {
      if (index === 0) continue;
      expect(verdict(undefined, { attemptsMade: index, random: 0 })).toEqual({ kind: 'retry', waitMs: Math.round(planned * 0.9) });
      expect(verdict(undefined, { attemptsMade: index, random: 0.999_999 })).toMatchObject({ kind: 'retry' });
      const { waitMs } = verdict(undefined, { attemptsMade: index, random: 0.999_999 }) as { waitMs: number };
      expect(waitMs).toBeLessThanOrEqual(Math.round(planned * 1.1));
    }
  });

  it('is exhausted after the tenth attempt', () => {
    expect(verdict(status(500), { attemptsMade: 9 })).toMatchObject({ kind: 'retry' });
    expect(verdict(status(500), { attemptsMade: 10 })).toEqual({ kind: 'exhausted' });
    expect(verdict(undefined, { attemptsMade: 11 })).toEqual({ kind: 'exhausted' });
  });

  it('lets a receiver push the next attempt back, never pull it forward', () => {
    expect(verdict(status(503, '60'))).toEqual({ kind: 'retry', waitMs: 60_000 });
    expect(verdict(status(429, '1'))).toEqual({ kind: 'retry', waitMs: 5_000 });
  });
});

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    [' 120 ', 120_000],
    ['0', 0],
    ['9999999999', 86_400_000],
    ['Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
    ['Wed, 31 Dec 2025 00:02:00 GMT', 0],
    ['Fri, 01 Jan 2027 00:00:00 GMT', 86_400_000],
  ])('%j is %i ms', (header, ms) => expect(retryAfterMs(header, nowUnixMs)).toBe(ms));

  it.each([undefined, '', '-1', '1.5', '1e3', '0x10', 'soon', '2026-01-01', 'Thu, 99 Jan 2026 00:02:00 GMT', '99999999999'])(
    '%j says nothing',
    (header) => expect(retryAfterMs(header, nowUnixMs)).toBeUndefined(),
  );
});
