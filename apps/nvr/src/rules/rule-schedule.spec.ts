import { describe, expect, it } from '@jest/globals';
import { isInRuleSchedule, RuleSchedule } from './rule-schedule.js';

const berlin = (...times: RuleSchedule['times']): RuleSchedule => ({ timezone: 'Europe/Berlin', times });
const isIn = (schedule: RuleSchedule, at: string) => isInRuleSchedule(schedule, Date.parse(at));

describe('the schedule of a rule', () => {
  it('holds its times by the clocks of its zone, the end not included', () => {
    const work = berlin({ days: [1, 2, 3, 4, 5], from: '08:00', to: '17:00' });
    // A Monday in winter: 08:00 in Berlin is 07:00 UTC.
    expect([isIn(work, '2026-01-05T06:59:59Z'), isIn(work, '2026-01-05T07:00:00Z'), isIn(work, '2026-01-05T15:59:59Z')]).toEqual([
      false,
      true,
      true,
    ]);
    expect([isIn(work, '2026-01-05T16:00:00Z'), isIn(work, '2026-01-04T09:00:00Z')]).toEqual([false, false]);
    // In summer the same clock shows 08:00 an hour earlier.
    expect([isIn(work, '2026-07-06T05:59:00Z'), isIn(work, '2026-07-06T06:00:00Z')]).toEqual([false, true]);
  });

  it('goes over midnight, on the day after the one that it names', () => {
    const night = berlin({ days: [6], from: '22:00', to: '06:00' });
    expect(['2026-01-03T21:30:00Z', '2026-01-04T04:59:00Z'].map((at) => isIn(night, at))).toEqual([true, true]);
    expect(['2026-01-03T04:00:00Z', '2026-01-04T05:00:00Z', '2026-01-04T21:30:00Z'].map((at) => isIn(night, at))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('takes a whole day as one that begins and ends at the same time, or at 24:00', () => {
    for (const to of ['00:00', '24:00']) {
      const sunday = { timezone: 'UTC', times: [{ days: [0], from: '00:00', to }] };
      expect(['2026-01-04T00:00:00Z', '2026-01-04T23:59:59Z', '2026-01-05T00:00:00Z'].map((at) => isIn(sunday, at))).toEqual([
        true,
        true,
        false,
      ]);
    }
  });

  it('without times holds nothing', () => {
    expect(isIn(berlin(), '2026-01-05T12:00:00Z')).toBe(false);
  });

  it('knows zones from other texts', () => {
    const isTaken = (timezone: string) => RuleSchedule.safeParse({ timezone, times: [] }).success;
    expect(['UTC', 'America/New_York', 'Mars/Olympus', '', '__proto__'].map(isTaken)).toEqual([true, true, false, false, false]);
  });
});
