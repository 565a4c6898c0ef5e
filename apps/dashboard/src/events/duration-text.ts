import type { EventView } from '@nightjar/contracts';

/** How long an event went on, in words for a list. */
export function durationText({ ended_at: endedAt, started_at: startedAt }: Pick<EventView, 'ended_at' | 'started_at'>): string {
  if (!endedAt) return 'now';
  const seconds = Math.max(0, Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1_000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
