import { daysOfWeek, isInSchedule, TimeOfDay, Timezone } from '@nightjar/contracts';
import { z } from 'zod';

/** Times of the week in which a rule tells of events. Days are 0 (Sunday) … 6; `to` not after `from` is on the next day. */
export const RuleSchedule = z.strictObject({
  timezone: Timezone,
  times: z.array(z.strictObject({ days: z.array(z.number().int().min(0).max(6)).min(1).max(7), from: TimeOfDay, to: TimeOfDay })).max(50),
});
export type RuleSchedule = z.infer<typeof RuleSchedule>;

/** Whether a moment lies in the schedule, on the clocks of its time zone. */
export function isInRuleSchedule({ timezone, times }: RuleSchedule, atUnixMs: number): boolean {
  const intervals = times.map(({ days, from, to }) => ({ days: days.map(nameOf), from, to }));
  return isInSchedule({ timezone, intervals }, atUnixMs);
}

/** Rules count days from Sunday, analytics name them from Monday. */
function nameOf(day: number) {
  return daysOfWeek[(day + 6) % 7]!;
}
