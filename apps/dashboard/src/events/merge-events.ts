import type { EventView } from '@nightjar/contracts';

/**
 * Puts one changed event into a list that is newest first: an event that is known is replaced in its place.
 * @returns at most `eventsMax` events; the oldest leave the list, not the server
 */
export function mergeEvent(events: readonly EventView[], changed: EventView, eventsMax: number): EventView[] {
  const others = events.filter(({ id }) => id !== changed.id);
  const at = others.findIndex((event) => !startsBefore(changed, event));
  const index = at < 0 ? others.length : at;
  return [...others.slice(0, index), changed, ...others.slice(index)].slice(0, eventsMax);
}

function startsBefore(one: EventView, other: EventView): boolean {
  const difference = Date.parse(one.started_at) - Date.parse(other.started_at);
  return difference === 0 ? one.id < other.id : difference < 0;
}
