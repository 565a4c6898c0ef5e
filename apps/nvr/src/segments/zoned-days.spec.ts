import { describe, expect, it } from '@jest/globals';
import { dayOf, daysOfMonth, instantOfLocal, lastDays, parseDate, TimeZone } from './zoned-days.js';

const hoursOf = (date: string, timeZone: string) => {
  const { fromUnixMs, toUnixMs } = dayOf(date, timeZone);
  return [new Date(fromUnixMs).toISOString(), (toUnixMs - fromUnixMs) / 3_600_000];
};

describe('a day of a time zone', () => {
  it('begins when its clocks say so, and is as long as it is when they change', () => {
    expect(hoursOf('2026-06-01', 'UTC')).toEqual(['2026-06-01T00:00:00.000Z', 24]);
    expect(hoursOf('2026-03-29', 'Europe/Berlin')).toEqual(['2026-03-28T23:00:00.000Z', 23]);
    expect(hoursOf('2026-10-25', 'Europe/Berlin')).toEqual(['2026-10-24T22:00:00.000Z', 25]);
    expect(hoursOf('2026-01-01', 'Asia/Kathmandu')).toEqual(['2025-12-31T18:15:00.000Z', 24]);
  });

  it('begins after the jump where clocks skip midnight, and at the last of two midnights where it comes twice', () => {
    expect(hoursOf('2018-11-04', 'America/Sao_Paulo')).toEqual(['2018-11-04T03:00:00.000Z', 23]);
    expect(hoursOf('2018-02-17', 'America/Sao_Paulo')).toEqual(['2018-02-17T02:00:00.000Z', 25]);
    expect(hoursOf('2018-02-18', 'America/Sao_Paulo')).toEqual(['2018-02-18T03:00:00.000Z', 24]);
  });

  it('has no length where a zone left it out', () => {
    expect(hoursOf('2011-12-30', 'Pacific/Apia')[1]).toBe(0);
  });

  it('follows the one before without a gap', () => {
    for (const timeZone of ['Europe/Berlin', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'Africa/Casablanca'])
      for (const month of ['2018-02', '2018-10', '2018-11', '2026-03', '2026-10']) {
        const days = daysOfMonth(month, timeZone);
        for (const [position, day] of days.entries())
          expect([timeZone, day.date, day.fromUnixMs]).toEqual([timeZone, day.date, days[position - 1]?.toUnixMs ?? day.fromUnixMs]);
      }
  });
});

describe('what clocks of a zone show', () => {
  it.each([
    ['2026-06-01T12:00:00', 'UTC', '2026-06-01T12:00:00.000Z'],
    ['2026-06-01T12:00:00.250', 'Europe/Berlin', '2026-06-01T10:00:00.250Z'],
    ['2026-01-01T00:00:00', 'America/New_York', '2026-01-01T05:00:00.000Z'],
    ['2026-01-01T00:00:00', 'Asia/Kathmandu', '2025-12-31T18:15:00.000Z'],
    ['2026-10-25T02:30:00', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    ['2026-03-29T02:30:00', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
    ['2026-03-29T01:59:59', 'Europe/Berlin', '2026-03-29T00:59:59.000Z'],
    ['2026-03-29T03:00:00', 'Europe/Berlin', '2026-03-29T01:00:00.000Z'],
  ])('%s in %s is %s', (text, timeZone, iso) => {
    expect(new Date(instantOfLocal(Date.parse(`${text}Z`), timeZone)).toISOString()).toBe(iso);
  });
});

describe('days', () => {
  it('of a month are all of it', () => {
    expect(daysOfMonth('2024-02', 'UTC').map(({ date }) => date.slice(8))).toEqual(
      Array.from({ length: 29 }, (_, day) => String(day + 1).padStart(2, '0')),
    );
  });

  it('before now end with today, where the zone is', () => {
    const now = Date.UTC(2026, 5, 1, 23);
    expect(lastDays(2, 'UTC', now).map(({ date }) => date)).toEqual(['2026-05-31', '2026-06-01']);
    expect(lastDays(2, 'Asia/Tokyo', now).map(({ date }) => date)).toEqual(['2026-06-01', '2026-06-02']);
  });
});

describe('a date', () => {
  it('is one that the calendar has', () => {
    expect(['2026-02-28', '2024-02-29'].map(parseDate)).toEqual(['2026-02-28', '2024-02-29']);
    for (const bad of ['2026-02-29', '2026-13-01', '2026-6-1', '26-06-01', '2026-06-01T00:00', '', 'today', '9999-01-01'])
      expect(parseDate(bad)).toBeUndefined();
  });
});

describe('a time zone', () => {
  it('is one that is known', () => {
    for (const name of ['UTC', 'Europe/Berlin', 'Etc/GMT+5', 'America/Argentina/Buenos_Aires'])
      expect(TimeZone.safeParse(name).success).toBe(true);
    for (const name of ['', 'Mars/Base', "UTC'; --", '../etc', 'constructor', '+02:00', 'x'.repeat(100)])
      expect(TimeZone.safeParse(name).success).toBe(false);
  });
});
