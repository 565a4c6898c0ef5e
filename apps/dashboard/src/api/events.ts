import { ListedEventView } from '@nightjar/contracts';
import { z } from 'zod';
import type { Api } from '../api.js';
import type { EventsFilter } from '../events/events-filter.js';
import { queryOf } from '../navigation/route.js';

const Page = z.object({ events: z.array(ListedEventView), next_cursor: z.string().nullable() });
type EventsPage = z.infer<typeof Page>;
const LatestEvents = z.object({ events: z.array(ListedEventView) });

/** Newest first, a page at a time. */
export function listEvents(
  api: Api,
  { filter, cursor, limit }: { filter: EventsFilter; cursor?: string | undefined; limit: number },
  signal: AbortSignal,
): Promise<EventsPage> {
  const { cameraId, eventType, fromUnix, label, reviewed, toUnix } = filter;
  const wanted = { camera_id: cameraId, label, event_type: eventType, from: fromUnix, to: toUnix, reviewed, cursor, limit };
  return api.getJson(`/api/v1/events?${queryOf(wanted)}`, Page, signal);
}

/** Newest first. */
export async function latestEvents(api: Api, limit: number, signal: AbortSignal): Promise<ListedEventView[]> {
  return (await api.getJson(`/api/v1/events/latest?limit=${limit}`, LatestEvents, signal)).events;
}

/** Picture of an event, as the `evidence_url` of its row names it. */
export function readEvidence(api: Api, evidenceUrl: string, signal: AbortSignal): Promise<Blob> {
  return api.getBlob(evidenceUrl, signal);
}

/** Says of events, at most 500, that the caller has looked at them, or has not. */
export function reviewEvents(api: Api, ids: readonly number[], reviewed: boolean): Promise<void> {
  return api.send('/api/v1/events/review', { method: 'POST', json: { ids, reviewed } });
}
