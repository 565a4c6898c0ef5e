import type { EventKey } from './write-reports.js';

/** Equal for reports that are about the same event, as far as their key tells. */
export function eventKeyText({ cameraId, startedAt, startGuessedWithinMs, trackId }: EventKey): string {
  return JSON.stringify([cameraId, trackId, startGuessedWithinMs === undefined ? startedAt.getTime() : null]);
}

/**
 * Takes from the front of a queue what one transaction may write: each event once, for the second report of an event builds on
 * what the first one made of it.
 */
export function takeGroup<Entry>(queue: Entry[], options: { groupMax: number; keyOf: (entry: Entry) => string }): Entry[] {
  const { groupMax, keyOf } = options;
  const keys = new Set<string>();
  for (const entry of queue.slice(0, groupMax)) {
    const key = keyOf(entry);
    if (keys.has(key)) break;
    keys.add(key);
  }
  return queue.splice(0, keys.size);
}
