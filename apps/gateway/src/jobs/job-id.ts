import { randomUUID } from 'node:crypto';
import { JobId, type MediaType } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';

const prefixes: Readonly<Record<MediaType, string>> = { video: 'video', image: 'image_batch' };

/** A new id, `video_<uuidv7>` or `image_batch_<uuidv7>`: ids of later milliseconds sort behind earlier ones. */
export function createJobId(mediaType: MediaType, unixMs: number): JobId {
  return `${prefixes[mediaType]}_${uuidV7(unixMs)}`;
}

/** What a job's id says it is about. */
export function mediaTypeOf(jobId: JobId): MediaType {
  return jobId.startsWith(`${prefixes.video}_`) ? 'video' : 'image';
}

/** Reads the id in a path. What is no id names no job. @throws AppError `not_found` */
export function parseJobId(text: string): JobId {
  const id = JobId.safeParse(text);
  if (!id.success) throw noSuchJob();
  return id.data;
}

export const noSuchJob = () => new AppError('not_found', 'no such job');

/** RFC 9562 §5.7: 48 bits of Unix ms, then the random bits and the variant of a version 4, of which Node keeps some in store. */
function uuidV7(unixMs: number): string {
  const time = unixMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
