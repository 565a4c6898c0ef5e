import { z } from 'zod';

export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof days)[number];

const Interval = z.object({ days: z.array(z.enum(days)).default([...days]), from: z.string(), to: z.string() });
const WeeklySchedule = z.object({ timezone: z.string().default('UTC'), intervals: z.array(Interval) });
/** Hours of the week. An interval whose end is not after its begin ends on the next day. */
export type WeeklySchedule = z.infer<typeof WeeklySchedule>;
export type Interval = z.infer<typeof Interval>;

/** @returns null for none, or for what is no schedule */
export function readSchedule(value: unknown): WeeklySchedule | null {
  return WeeklySchedule.safeParse(value).data ?? null;
}

/** Nights, by the clock of this browser: what a schedule is mostly for. */
export function usualSchedule(): WeeklySchedule {
  return { timezone: Intl.DateTimeFormat().resolvedOptions().timeZone, intervals: [{ days: [...days], from: '22:00', to: '06:00' }] };
}
