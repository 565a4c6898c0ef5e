import type { InferenceResult, VideoResult } from '@nightjar/contracts';
import { decodeFrames, probeFile, type DecodedFrame, type FfmpegBinary, type VideoProbe } from '@nightjar/media';
import type { InferenceDispatcher } from '@nightjar/messaging';
import { AppError, type Clock } from '@nightjar/runtime';
import { defaultByteTrackerOptions } from '@nightjar/tracking';
import { fitPicture } from '../../decode/fit-picture.js';
import { detectPersons, InFlightCalls } from '../inference-calls.js';
import type { JobProgress } from '../job-attempt.js';
import { groupConstellations, type AnalysedFrame } from './constellations.js';
import { meanAbsoluteDifference } from './luma-change.js';
import { planSampling, type SamplingPlan } from './sampling-plan.js';
import { ShotBoundaryFinder, shotsOf } from './shot-boundaries.js';

export interface VideoJob {
  jobId: string;
  /** Absolute path of the video in the media store. */
  path: string;
  progress: JobProgress;
  signal: AbortSignal;
}

export interface VideoAnalysisParts {
  ffmpeg: FfmpegBinary;
  dispatcher: Pick<InferenceDispatcher, 'infer'>;
  clock: Clock;
}

/** Pictures of one job that may be under way at the adapters. Full: the decoder waits. */
const callsInFlightMax = 8;
/** A decoder that gives nothing for this long has hung; even a sparse file gives eight samples for each second it decodes. */
const decoderStallMs = 60_000;

/**
 * Analyses a video in one decode: shots and activity from small luma planes, persons from pictures that the adapters look at
 * while the decoder goes on.
 * @throws AppError `unprocessable` with `details.jobCode` `not_a_video` when the file is none; `cancelled` on the signal
 */
export async function analyseVideo(job: VideoJob, parts: VideoAnalysisParts): Promise<VideoResult> {
  job.progress.stage = 'opening';
  const probe = await readProbe(job, parts.ffmpeg);
  const plan = planSampling(probe.durationMs);
  job.progress.stage = 'analysing';
  const collected = await collectSamples(job, { ...parts, plan });
  job.progress.stage = 'grouping';
  const durationSeconds = endOfVideo(probe, { samples: collected.samples, plan });
  const shots = shotsOf({ cuts: collected.shots.cuts(), samplesPerSecond: plan.samplesPerSecond, durationSeconds });
  return {
    raw_scenes: shots.map(({ start_seconds, end_seconds }) => ({
      start_seconds: roundSeconds(start_seconds),
      end_seconds: roundSeconds(end_seconds),
    })),
    frame_activity_diffs: collected.activity,
    person_constellation_scenes: groupConstellations({ frames: collected.frames, shots }).map(({ time_segment, person_ids }) => ({
      time_segment: { start_seconds: roundSeconds(time_segment.start_seconds), end_seconds: roundSeconds(time_segment.end_seconds) },
      person_ids,
    })),
    ocr_results: [],
    sections: [],
  };
}

async function readProbe(job: VideoJob, ffmpeg: FfmpegBinary): Promise<VideoProbe> {
  try {
    return await probeFile({ ffmpeg, path: job.path, signal: job.signal });
  } catch (error) {
    throw asJobFailure(error);
  }
}

interface Collected {
  samples: number;
  shots: ShotBoundaryFinder;
  /** Mean absolute luma difference of each analysed frame to the one before, 0..1. */
  activity: number[];
  frames: AnalysedFrame[];
}

async function collectSamples(job: VideoJob, parts: VideoAnalysisParts & { plan: SamplingPlan }): Promise<Collected> {
  const { plan, ffmpeg, dispatcher, clock } = parts;
  const calls = new InFlightCalls(callsInFlightMax);
  const collected: Collected = { samples: 0, shots: new ShotBoundaryFinder(), activity: [], frames: [] };
  let previous: DecodedFrame | undefined;
  let done = 0;
  // A call that fails ends the decoder, and a decoder that fails ends the calls.
  const inner = new AbortController();
  const signal = AbortSignal.any([job.signal, inner.signal]);
  try {
    const frames = decodeFrames({
      ffmpeg,
      input: { kind: 'file', path: job.path },
      samplesPerSecond: plan.samplesPerSecond,
      samplesPerPicture: plan.samplesPerPicture,
      stallMs: decoderStallMs,
      signal,
      clock,
    });
    for await (const frame of frames) {
      collected.samples++;
      collected.shots.push(frame.luma);
      const { picture } = frame;
      if (!picture) continue;
      if (previous) collected.activity.push(Math.round(meanAbsoluteDifference(previous.luma, frame.luma) * 1e4) / 1e4);
      previous = frame;
      await calls.start(async () => {
        const found = await detectPersons({
          dispatcher,
          jobId: job.jobId,
          picture: await fitPicture(picture.bytes),
          minConfidence: defaultByteTrackerOptions.lowScore,
          signal,
          onWaiting: () => (job.progress.stage = 'waiting for an adapter'),
        });
        collected.frames.push({ atSeconds: frame.atMs / 1_000, found: onlyWhatCounts(found) });
        job.progress.stage = 'analysing';
        job.progress.value = Math.min(0.99, ++done / plan.pictures);
      });
    }
    await calls.finish();
  } catch (error) {
    throw asJobFailure(error);
  } finally {
    inner.abort();
    await calls.finish().catch(() => undefined);
  }
  collected.frames.sort((a, b) => a.atSeconds - b.atSeconds);
  return collected;
}

/** The model and the times of each answer are not kept for hundreds of frames. */
function onlyWhatCounts({ detections, picture }: InferenceResult): AnalysedFrame['found'] {
  return { detections, picture };
}

/** What FFmpeg says of the file becomes what the client reads of the job. */
function asJobFailure(error: unknown): unknown {
  if (!(error instanceof AppError) || error.details?.jobCode !== undefined) return error;
  const jobCodes: Partial<Record<AppError['code'], string>> = {
    unprocessable: 'not_a_video',
    not_found: 'media_missing',
    deadline_exceeded: 'decoder_stalled',
  };
  const jobCode = jobCodes[error.code];
  return jobCode === undefined ? error : new AppError(error.code, error.message, { cause: error, details: { jobCode } });
}

/** A header may promise more than the file holds: what was decoded decides, as far as it differs by more than sampling explains. */
function endOfVideo(probe: VideoProbe, decoded: { samples: number; plan: SamplingPlan }): number {
  const claimedSeconds = probe.durationMs / 1_000;
  const decodedSeconds = decoded.samples / decoded.plan.samplesPerSecond;
  return Math.abs(claimedSeconds - decodedSeconds) <= 2 / decoded.plan.samplesPerSecond ? claimedSeconds : decodedSeconds;
}

function roundSeconds(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
