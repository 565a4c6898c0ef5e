import type { AssignedStream, StreamFeedback, VideoInfo } from '@nightjar/contracts';

/** Bound of the contract. */
const feedbackCharsMax = 500;

/** What nvr is told of a stream, for the version that was assigned. */
export function feedbackOf(
  { stream_id, version }: AssignedStream,
  told: { status: StreamFeedback['status']; error: string | null; video: VideoInfo | undefined; atUnixMs: number },
): StreamFeedback {
  const error = told.error?.slice(0, feedbackCharsMax) ?? null;
  const common = { stream_id, version, status: told.status, error, at_unix_ms: told.atUnixMs };
  return told.video ? { ...common, video_info: told.video } : common;
}
