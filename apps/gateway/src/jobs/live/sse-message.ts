import type { JobId } from '@nightjar/contracts';
import { mediaTypeOf } from '../job-id.js';
import { isTerminal } from '../job-state.js';
import { errorOf } from '../job-view.js';
import type { JobEvent } from './job-events.store.js';

/** How long a browser waits before it connects again. */
const retryMs = 2_000;

/** A job has moved. JSON has no line breaks, so each message is one `data` line. */
export function jobMessage(event: JobEvent): string {
  const data = {
    job_id: event.jobId,
    media_type: mediaTypeOf(event.jobId),
    status: event.state,
    at: event.at.toISOString(),
    ...(isTerminal(event.state) ? { error: errorOf(event) } : {}),
  };
  return `id: ${event.seq}\nevent: job\ndata: ${JSON.stringify(data)}\n\n`;
}

/** No id: progress that was missed is not missed. */
export function progressMessage(progress: { jobId: JobId; progress: number; stage: string }): string {
  const { jobId, stage } = progress;
  const data = { job_id: jobId, media_type: mediaTypeOf(jobId), progress: Math.round(progress.progress * 1000) / 1000, stage };
  return `event: progress\ndata: ${JSON.stringify(data)}\n\n`;
}

/** First message: an id without data sets the position from which the client comes back, and shows nothing. */
export function openingMessage(seq: bigint): string {
  return `retry: ${retryMs}\nid: ${seq}\n\n`;
}

/** Events between the two positions are not kept: the client reads the list again. */
export function gapMessage(gap: { lastEventId: string; resumedAfter: bigint }): string {
  const data = { last_event_id: gap.lastEventId, resumed_after: String(gap.resumedAfter) };
  return `id: ${gap.resumedAfter}\nevent: gap\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Keeps proxies from closing a quiet connection. */
export const heartbeat = ': keep-alive\n\n';
