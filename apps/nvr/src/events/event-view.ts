import type { EventView, ListedEventView } from '@nightjar/contracts';
import type { ListedEvent } from './event-list.store.js';
import type { Event } from './events.store.js';

/** An event as the API and the live stream show it. */
export function eventView(event: Event): EventView {
  const hasEvidence = event.evidenceFile !== null;
  return {
    id: event.id,
    camera_id: event.cameraId,
    source: event.source,
    event_type: event.eventType,
    label: event.label,
    score: event.score,
    track_id: event.trackId,
    started_at: event.startedAt.toISOString(),
    ended_at: event.endedAt?.toISOString() ?? null,
    recording_ref: null,
    plate_text: event.plateText,
    has_evidence: hasEvidence,
    evidence_url: hasEvidence ? `/api/v1/events/${event.id}/evidence` : null,
    payload: isRecord(event.payload) ? event.payload : null,
  };
}

/** An event as a list shows it to the caller. */
export function listedEventView(event: ListedEvent): ListedEventView {
  return { ...eventView(event), reviewed: event.reviewed };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
