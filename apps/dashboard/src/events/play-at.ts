import type { EventView } from '@nightjar/contracts';

/** A little of what led to an event. */
export const leadSeconds = 2;

/** Where the recording of an event is played from, in Unix seconds. */
export function playAtUnix({ started_at: startedAt }: Pick<EventView, 'started_at'>): number {
  return Date.parse(startedAt) / 1_000 - leadSeconds;
}
