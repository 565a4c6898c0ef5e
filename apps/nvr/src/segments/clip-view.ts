import type { ClipView } from '@nightjar/contracts';
import type { Segment } from './segments.store.js';

/** A segment as the API shows it. */
export function clipView(segment: Segment): ClipView {
  const startMs = segment.startsAt.getTime();
  const endMs = segment.endsAt.getTime();
  return {
    id: segment.id,
    camera_id: segment.cameraId,
    start_unix: startMs / 1_000,
    end_unix: endMs / 1_000,
    start: segment.startsAt.toISOString(),
    end: segment.endsAt.toISOString(),
    duration_seconds: (endMs - startMs) / 1_000,
    size_bytes: segment.sizeBytes,
    video_codec: segment.videoCodec,
    url: `/api/v1/recordings/files/${segment.id}.mp4`,
    open: segment.open,
  };
}
