import type { AssignedStream, StreamFeedback } from '@nightjar/contracts';

/** Bound of the contract. */
const feedbackCharsMax = 500;

/** What nvr is told of a stream, for the version that was assigned. */
export function feedbackOf(
  { stream_id, version }: AssignedStream,
  told: { status: StreamFeedback['status']; error: string | null; atUnixMs: number },
): StreamFeedback {
  return { stream_id, version, status: told.status, error: told.error?.slice(0, feedbackCharsMax) ?? null, at_unix_ms: told.atUnixMs };
}
