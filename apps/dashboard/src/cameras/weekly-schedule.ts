import type { WeeklySchedule } from '@nightjar/contracts';
import { z } from 'zod';

export type Interval = WeeklySchedule['intervals'][number];
export type Day = Interval['days'][number];
export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const satisfies readonly Day[];

/** Laxer than the service, which says what is wrong: a schedule of which a time is missing is shown, so that it can be mended. */
const KnownInterval = z.object({ days: z.array(z.enum(days)).default([...days]), from: z.string(), to: z.string() });
const KnownSchedule = z.object({ timezone: z.string().default('UTC'), intervals: z.array(KnownInterval) });

/** @returns null for none, or for what is no schedule */
export function readSchedule(value: unknown): WeeklySchedule | null {
  return KnownSchedule.safeParse(value).data ?? null;
}

/** Nights, by the clock of this browser: what a schedule is mostly for. */
export function usualSchedule(): WeeklySchedule {
  return { timezone: Intl.DateTimeFormat().resolvedOptions().timeZone, intervals: [{ days: [...days], from: '22:00', to: '06:00' }] };
}
