import type { Event } from './events.store.js';

/** A row of `nvr.event` as raw statements give it. */
export interface EventRow {
  id: bigint;
  seq: bigint;
  camera_id: number;
  source: Event['source'];
  event_type: Event['eventType'];
  label: string | null;
  score: number | null;
  track_id: string | null;
  started_at: Date;
  ended_at: Date | null;
  evidence_file: string | null;
  plate_text: string | null;
  payload: unknown;
}

export function eventOfRow(row: EventRow): Event {
  const { label, payload, score, source } = row;
  return {
    id: Number(row.id),
    seq: Number(row.seq),
    cameraId: row.camera_id,
    source,
    eventType: row.event_type,
    label,
    score,
    trackId: row.track_id,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    evidenceFile: row.evidence_file,
    plateText: row.plate_text,
    payload,
  };
}
