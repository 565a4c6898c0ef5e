import path from 'node:path';
import type { ImageWork, JobOutcome, VideoWork } from '@nightjar/contracts';
import type { FfmpegBinary } from '@nightjar/media';
import { AppError, type Clock } from '@nightjar/runtime';
import { analyseImages } from './images/analyse-images.js';
import type { AdapterAccess } from './inference-calls.js';
import type { JobProgress, RunWork } from './job-attempt.js';
import { analyseVideo } from './video/analyse-video.js';

interface WorkParts extends AdapterAccess {
  ffmpeg: FfmpegBinary;
  /** The job API's media store. */
  mediaDir: string;
  clock: Clock;
}

/** Hands a leased job to the analysis of its media type. */
export function workRunner(parts: WorkParts): RunWork {
  return (work, progress, signal) =>
    work.media_type === 'video' ? runVideo(work, { parts, progress, signal }) : runImages(work, { parts, progress, signal });
}

interface WorkContext {
  parts: WorkParts;
  progress: JobProgress;
  signal: AbortSignal;
}

async function runVideo(work: VideoWork, { parts, progress, signal }: WorkContext): Promise<JobOutcome> {
  const { result, durationSeconds, faceModel } = await analyseVideo(
    { jobId: work.job_id, path: pathInStore(parts.mediaDir, work.file), progress, signal },
    parts,
  );
  return { state: 'finished', media_type: 'video', result, duration_seconds: durationSeconds, face_model: faceModel };
}

async function runImages(work: ImageWork, { parts, progress, signal }: WorkContext): Promise<JobOutcome> {
  const items = work.items.map(({ index, file }) => ({ index, path: pathInStore(parts.mediaDir, file) }));
  const { outcomes, faceModel } = await analyseImages({ jobId: work.job_id, items, progress, signal }, parts);
  return { state: 'finished', media_type: 'image', items: outcomes, face_model: faceModel };
}

/** @throws AppError `internal` when a name of the gateway leads out of the media store */
export function pathInStore(mediaDir: string, file: string): string {
  const full = path.resolve(mediaDir, file);
  const inside = path.relative(mediaDir, full);
  if (inside === '' || inside.startsWith('..') || path.isAbsolute(inside))
    throw new AppError('internal', 'the file of a job is outside the media store');
  return full;
}
