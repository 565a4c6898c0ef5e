import { describe, expect, it } from '@jest/globals';
import { Instant, InstantInBody, instantIn } from './instant-query.js';

describe('an instant of a request', () => {
  it.each([
    ['2026-10-27T12:00:00Z', '2026-10-27T12:00:00.000Z'],
    ['2026-10-27T12:00:00+02:00', '2026-10-27T10:00:00.000Z'],
    ['2026-10-27T12:00:00', '2026-10-27T12:00:00.000Z'],
    ['2026-10-27T12:00:00.123456', '2026-10-27T12:00:00.123Z'],
    ['2026-10-27T12:00', '2026-10-27T12:00:00.000Z'],
    ['1793102400.5', '2026-10-27T12:00:00.500Z'],
  ])('%s is %s, in a body too', (text, iso) => {
    for (const schema of [Instant, InstantInBody]) expect(new Date(schema.parse(text)).toISOString()).toBe(iso);
  });

  it('without a zone is of the zone of the request, and with one of its own', () => {
    const inBerlin = instantIn('Europe/Berlin');
    expect(inBerlin.parse('2026-06-01T12:00:00')).toBe(Date.UTC(2026, 5, 1, 10));
    expect(inBerlin.parse('2026-06-01T12:00:00Z')).toBe(Date.UTC(2026, 5, 1, 12));
    expect(inBerlin.parse('0')).toBe(0);
  });

  it.each(['noon', '2026-13-01T12:00:00', '0001-01-01T00:00:00', '2200-01-01T00:00:00', '99999999999', '2026-10-27T12:00:00 02:00', ''])(
    'is not %s',
    (text) => {
      const read = InstantInBody.safeParse(text);
      expect(read.success).toBe(false);
      expect(read.error?.issues.map(({ message }) => message)).toEqual([expect.stringContaining('without a zone: UTC')]);
    },
  );
});
