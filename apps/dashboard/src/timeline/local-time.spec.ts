import { describe, expect, it } from '@jest/globals';
import { addDays, addMonths, dayOf, inputTextOf, isDay, momentOfInput, rangeOfDay, weeksOf } from './local-time.js';

describe('days of the person at the screen', () => {
  it('begin at midnight and follow one another without a gap', () => {
    const { endUnix, startUnix } = rangeOfDay('2026-03-29');
    expect(dayOf(startUnix)).toBe('2026-03-29');
    expect(dayOf(startUnix - 1)).toBe('2026-03-28');
    expect(rangeOfDay('2026-03-30').startUnix).toBe(endUnix);
  });

  it('go on over the end of a month and of a year', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2028-03-01', -1)).toBe('2028-02-29');
    expect(addMonths('2026-12', 1)).toBe('2027-01');
    expect(addMonths('2026-01', -1)).toBe('2025-12');
  });

  it.each(['2026-02-30', '2026-13-01', 'today', ''])('are none when they do not exist: %p', (text) => {
    expect(isDay(text)).toBe(false);
  });

  it('stand in weeks that begin on Monday', () => {
    const weeks = weeksOf('2026-06');
    expect(weeks).toHaveLength(5);
    expect(weeks[0]?.[0]).toBe('2026-06-01');
    expect(weeks[4]).toEqual(['2026-06-29', '2026-06-30', undefined, undefined, undefined, undefined, undefined]);
    expect(weeksOf('2026-02').flat().filter(Boolean)).toHaveLength(28);
  });

  it('are shown by inputs as they are read from them', () => {
    expect(momentOfInput(inputTextOf(1_780_315_200))).toBe(1_780_315_200);
    expect(momentOfInput('')).toBeUndefined();
  });
});
