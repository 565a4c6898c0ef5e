import { describe, expect, it } from '@jest/globals';
import { parseUsageQuery } from './usage-query.js';

const nowUnixMs = Date.UTC(2026, 10, 22, 23, 59);

describe('the period of a question for usage', () => {
  const periodOf = (query: unknown) => {
    const { from, to } = parseUsageQuery(query, nowUnixMs);
    return [from, to].map((day) => day.toISOString().slice(0, 10));
  };

  it('is the last thirty days of UTC when nothing is said', () => {
    expect(periodOf({})).toEqual(['2026-10-24', '2026-11-22']);
    expect(periodOf({ to: '2026-03-01' })).toEqual(['2026-01-31', '2026-03-01']);
    expect(periodOf({ from: '2026-11-22' })).toEqual(['2026-11-22', '2026-11-22']);
  });

  it('has 366 days at most', () => {
    expect(periodOf({ from: '2025-11-22', to: '2026-11-22' })).toEqual(['2025-11-22', '2026-11-22']);
    expect(() => periodOf({ from: '2025-11-21', to: '2026-11-22' })).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });

  it.each([{ from: '2026-11-23' }, { from: 'yesterday' }, { from: '2026-02-30' }, { from: ['2026-11-01'] }, { days: '3' }, { to: '1e9' }])(
    'is refused when it is %j',
    (query) => expect(() => periodOf(query)).toThrow(expect.objectContaining({ code: 'invalid_argument' })),
  );
});
