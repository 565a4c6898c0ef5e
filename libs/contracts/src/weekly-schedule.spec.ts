import { describe, expect, it } from '@jest/globals';
import { isInSchedule, WeeklySchedule } from './weekly-schedule.js';

const at = (text: string) => Date.parse(text);

describe('isInSchedule', () => {
  it('knows the days and hours of a time zone', () => {
    const office = WeeklySchedule.parse({
      timezone: 'Europe/Berlin',
      intervals: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '18:00' }],
    });
    // 2026-11-23 is a Monday.
    expect(isInSchedule(office, at('2026-11-23T07:00:00Z'))).toBe(true);
    expect(isInSchedule(office, at('2026-11-23T06:59:59Z'))).toBe(false);
    expect(isInSchedule(office, at('2026-11-23T17:00:00Z'))).toBe(false);
    expect(isInSchedule(office, at('2026-11-22T12:00:00Z'))).toBe(false);
    // The same hour on the wall in summer is another one in UTC.
    expect(isInSchedule(office, at('2026-07-06T06:00:00Z'))).toBe(true);
  });

  it('lets a night belong to the day on which it begins', () => {
    const night = WeeklySchedule.parse({ intervals: [{ days: ['fri'], from: '22:00', to: '06:00' }] });
    expect(isInSchedule(night, at('2026-11-27T23:00:00Z'))).toBe(true);
    expect(isInSchedule(night, at('2026-11-28T05:59:00Z'))).toBe(true);
    expect(isInSchedule(night, at('2026-11-28T06:00:00Z'))).toBe(false);
    expect(isInSchedule(night, at('2026-11-28T23:00:00Z'))).toBe(false);
    expect(isInSchedule(night, at('2026-11-27T05:00:00Z'))).toBe(false);
  });

  it('covers a whole day from 00:00 to 24:00, and from a time to the same time', () => {
    const wholeDay = WeeklySchedule.parse({ intervals: [{ from: '00:00', to: '24:00' }] });
    const around = WeeklySchedule.parse({ intervals: [{ from: '12:00', to: '12:00' }] });
    for (const time of ['2026-11-23T00:00:00Z', '2026-11-23T12:00:00Z', '2026-11-23T23:59:59Z']) {
      expect(isInSchedule(wholeDay, at(time))).toBe(true);
      expect(isInSchedule(around, at(time))).toBe(true);
    }
  });

  it('refuses time zones and times that do not exist', () => {
    expect(WeeklySchedule.safeParse({ timezone: 'Mars/Olympus', intervals: [{ from: '08:00', to: '09:00' }] }).success).toBe(false);
    expect(WeeklySchedule.safeParse({ intervals: [{ from: '25:00', to: '09:00' }] }).success).toBe(false);
  });
});
