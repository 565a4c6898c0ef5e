import { z } from 'zod';

/** Days as schedules name them, Monday first. */
export const daysOfWeek = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
type Day = (typeof daysOfWeek)[number];
/** `HH:MM`; `24:00` ends a day. */
export const TimeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be HH:MM')
  .describe('HH:MM, 24:00 for the end of the day');
/** In a published JSON schema: `format` says it to a validator that knows the name, as `isTimezone` does to ours. */
export const timezoneFormat = 'iana-timezone';
/** A time zone that this process knows. */
export const Timezone = z.string().max(64).refine(isTimezone, 'is no time zone that is known here').meta({ format: timezoneFormat });

/** Hours of the week. */
export const WeeklySchedule = z.strictObject({
  timezone: Timezone.default('UTC').describe('IANA name, e.g. Europe/Berlin; the hours follow its summer time'),
  intervals: z
    .array(
      z.strictObject({
        days: z
          .array(z.enum(daysOfWeek))
          .min(1)
          .max(7)
          .default([...daysOfWeek]),
        from: TimeOfDay,
        to: TimeOfDay.describe('When it is not after `from`, the interval ends on the next day'),
      }),
    )
    .min(1)
    .max(50),
});
export type WeeklySchedule = z.infer<typeof WeeklySchedule>;

/** Making one costs a hundred times as much as using it. Bound: cleared when more zones were asked for than a deployment has. */
const formats = new Map<string, Intl.DateTimeFormat>();
const formatsMax = 64;

/** Whether a moment lies in the hours of a schedule, on the clocks of its time zone. */
export function isInSchedule({ timezone, intervals }: WeeklySchedule, atUnixMs: number): boolean {
  const now = localTime(timezone, atUnixMs);
  const yesterday = daysOfWeek[(daysOfWeek.indexOf(now.day) + 6) % 7]!;
  return intervals.some(({ days: on, from, to }) => {
    const [start, end] = [minutesOf(from), minutesOf(to)];
    if (start < end) return on.includes(now.day) && now.minutes >= start && now.minutes < end;
    return (on.includes(now.day) && now.minutes >= start) || (on.includes(yesterday) && now.minutes < end);
  });
}

function localTime(timezone: string, atUnixMs: number): { day: Day; minutes: number } {
  const parts = Object.fromEntries(
    formatOf(timezone)
      .formatToParts(atUnixMs)
      .map(({ type, value }) => [type, value]),
  );
  return { day: parts.weekday!.toLowerCase() as Day, minutes: Number(parts.hour) * 60 + Number(parts.minute) };
}

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone);
  if (known) return known;
  if (formats.size >= formatsMax) formats.clear();
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  formats.set(timezone, format);
  return format;
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

/** Whether a text names a time zone that this process knows. */
export function isTimezone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}
