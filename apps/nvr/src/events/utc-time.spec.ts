import { describe, expect, it } from '@jest/globals';
import { parseUtcTime, UtcTime } from './utc-time.js';

describe('UtcTime', () => {
  it.each([
    ['2026-06-01T12:00:00Z', '2026-06-01T12:00:00.000Z'],
    ['2026-06-01T12:00:00+02:00', '2026-06-01T10:00:00.000Z'],
    ['2026-06-01T12:00:00', '2026-06-01T12:00:00.000Z'],
    ['2026-06-01T12:00:00.123456', '2026-06-01T12:00:00.123Z'],
    ['2026-06-01T12:00', '2026-06-01T12:00:00.000Z'],
    ['2026-06-01', '2026-06-01T00:00:00.000Z'],
  ])('reads %s as %s', (text, iso) => {
    expect(UtcTime.parse(text).toISOString()).toBe(iso);
  });

  it.each(['yesterday', '2026-13-01', '2026-06-01T25:00:00', '1767268800'])('refuses %s', (text) => {
    expect(UtcTime.safeParse(text).success).toBe(false);
  });
});

describe('parseUtcTime', () => {
  it('knows what apps send beside RFC 3339', () => {
    expect(parseUtcTime('2026-06-01 12:00:00.5')).toBe(Date.UTC(2026, 5, 1, 12, 0, 0, 500));
    expect(parseUtcTime('Mon, 01 Jun 2026 12:00:00 GMT')).toBe(Date.UTC(2026, 5, 1, 12));
    expect(parseUtcTime('at noon')).toBeNaN();
  });
});
