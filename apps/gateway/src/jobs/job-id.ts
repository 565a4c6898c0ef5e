import { randomBytes } from 'node:crypto';
import type { JobId, MediaType } from '@nightjar/contracts';

const prefixes: Readonly<Record<MediaType, string>> = { video: 'video', image: 'image_batch' };

/** A new id, `video_<uuidv7>` or `image_batch_<uuidv7>`: ids of later milliseconds sort behind earlier ones. */
export function createJobId(mediaType: MediaType, unixMs: number): JobId {
  return `${prefixes[mediaType]}_${uuidV7(unixMs)}`;
}

/** What a job's id says it is about. */
export function mediaTypeOf(jobId: JobId): MediaType {
  return jobId.startsWith(`${prefixes.video}_`) ? 'video' : 'image';
}

/** RFC 9562 §5.7: 48 bits of Unix ms, then random bits around version 7 and variant 10. */
function uuidV7(unixMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(unixMs, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
