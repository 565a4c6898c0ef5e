import { AppError } from '@nightjar/runtime';
import type { AttemptRow, DeliveryPosition, DeliveryRow } from './deliveries.store.js';

/** A message without its log. The receiver's origin only: path and query of a webhook are often its password. */
export function deliveryView(row: DeliveryRow) {
  const waitsUntil = row.redeliverAt ?? (row.state === 'pending' ? row.runAfter : null);
  return {
    id: row.id,
    job_id: row.jobId,
    state: row.state,
    receiver: row.origin,
    attempts_made: row.attempt,
    next_attempt_at: waitsUntil?.toISOString() ?? null,
    last_error: row.lastError,
    created_at: row.createdAt.toISOString(),
    ended_at: row.endedAt?.toISOString() ?? null,
  };
}

/** One attempt as the delivery log tells of it. */
export function attemptView(row: AttemptRow) {
  return {
    attempt: row.attempt,
    at: row.at.toISOString(),
    duration_ms: row.durationMs,
    status: row.status,
    error: row.error,
    answer: row.answer,
    manual: row.manual,
  };
}

/** What a client gives back to read on behind this message. */
export function cursorOf({ createdAt, id }: DeliveryRow): string {
  return Buffer.from(`${createdAt.getTime()}.${id}`).toString('base64url');
}

/** @throws AppError `invalid_argument` for a text that is no cursor of ours */
export function parseCursor(text: string): DeliveryPosition {
  const [, createdAtUnixMs, id] = /^(\d{1,15})\.(msg_[0-9a-f-]{36})$/.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  if (createdAtUnixMs === undefined || id === undefined)
    throw new AppError('invalid_argument', 'the query is not as the API describes it', {
      details: { issues: [{ path: 'cursor', message: 'must be the next_cursor of a former answer' }] },
    });
  return { createdAtUnixMs: Number(createdAtUnixMs), id };
}
