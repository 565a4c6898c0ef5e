import type { FaceModel, TimeSegment, VideoResult } from '@nightjar/contracts';
import { decodeFrames, probeFile, type FfmpegBinary, type LumaPlane, type VideoProbe } from '@nightjar/media';
import { AppError, type Clock } from '@nightjar/runtime';
import { InFlightCalls, type AdapterAccess } from '../inference-calls.js';
import type { JobProgress } from '../job-attempt.js';
import { groupConstellations } from './constellations.js';
import { meanAbsoluteDifference, meanBrightness } from './luma-change.js';
import { followPersons, type TrackedFrame } from './person-tracks.js';
import { groupPersons } from './persons.js';
import { PictureLooks, type Found } from './picture-looks.js';
import { planSampling, type SamplingPlan } from './sampling-plan.js';
import { findSections, type MeasuredPicture } from './sections.js';
import { cutChangeMin, ShotBoundaryFinder, shotsOf } from './shot-boundaries.js';
import { joinText } from './text-segments.js';

interface VideoJob {
  jobId: string;
  /** Absolute path of the video in the media store. */
  path: string;
  progress: JobProgress;
  signal: AbortSignal;
}

interface VideoAnalysisParts extends AdapterAccess {
  ffmpeg: FfmpegBinary;
  clock: Clock;
}

/** Pictures of one job that may be under way at the adapters, each with at most three questions. Full: the decoder waits. */
const looksInFlightMax = 8;
/** A decoder that gives nothing for this long has hung; even a sparse file gives eight samples for each second it decodes. */
const decoderStallMs = 60_000;

interface AnalysedVideo {
  result: VideoResult;
  durationSeconds: number;
  faceModel: FaceModel | undefined;
}

/**
 * Analyses a video in one decode: shots, activity and brightness from small luma planes; persons, faces and text from pictures
 * that the adapters look at while the decoder goes on.
 * @throws AppError `unprocessable` with `details.jobCode` `not_a_video` when the file is none; `cancelled` on the signal
 */
export async function analyseVideo(job: VideoJob, parts: VideoAnalysisParts): Promise<AnalysedVideo> {
  job.progress.stage = 'opening';
  const probe = await readProbe(job, parts.ffmpeg);
  const plan = planSampling(probe);
  job.progress.stage = 'analysing';
  const { measured, found } = await collectSamples(job, { ...parts, plan, durationSeconds: probe.durationMs / 1_000 });
  job.progress.stage = 'grouping';
  const durationSeconds = endOfVideo(probe, { samples: measured.samples, plan });
  const shots = shotsOf({ cuts: measured.shots.cuts(), samplesPerSecond: plan.samplesPerSecond, durationSeconds });
  return {
    result: resultOf({ measured, found: inOrder(found), shots, durationSeconds }),
    durationSeconds,
    faceModel: found.faceModel,
  };
}

function resultOf(analysed: { measured: Measured; found: Found; shots: readonly TimeSegment[]; durationSeconds: number }): VideoResult {
  const { measured, found, shots, durationSeconds } = analysed;
  const frames = followPersons(found.frames, shots);
  const persons = groupPersons({ frames, faces: found.faces, threshold: found.faceModel?.threshold });
  const scenes = groupConstellations({ frames, shots, persons });
  const texts = joinText(found.texts, shots);
  const pictures = measuredPictures(measured.pictures, { frames, shots });
  const sections = findSections({ durationSeconds, pictures, scenes, texts });
  return {
    raw_scenes: shots.map(roundTimes),
    frame_activity_diffs: measured.pictures.slice(1).map(({ activity }) => activity),
    person_constellation_scenes: scenes.map((scene) => ({ ...scene, time_segment: roundTimes(scene.time_segment) })),
    ocr_results: texts.map(({ language_code, full_text, time_segment }) => ({
      language_code,
      full_text,
      time_segment: roundTimes(time_segment),
    })),
    sections: sections.map((section) => ({ ...section, time_segments: section.time_segments.map(roundTimes) })),
    ...(found.incomplete.size > 0 && { incomplete_stages: [...found.incomplete] }),
  };
}

/** A cut is no activity: the picture after one counts as lively as the next, as far as that is one of the same shot. */
function measuredPictures(
  pictures: Measured['pictures'],
  { frames, shots }: { frames: readonly TrackedFrame[]; shots: readonly TimeSegment[] },
): MeasuredPicture[] {
  const confidences = new Map(
    frames.map(({ atSeconds, sightings }) => [atSeconds, Math.max(0, ...[...sightings.values()].map(({ confidence }) => confidence))]),
  );
  const isAfterCut = (index: number) => {
    const [before, at] = [pictures[index - 1]?.atSeconds ?? 0, pictures[index]?.atSeconds ?? 0];
    return shots.some(({ start_seconds }) => start_seconds > before && start_seconds <= at);
  };
  return pictures.map((picture, index) => {
    const { atSeconds, brightness } = picture;
    const next = isAfterCut(index + 1) ? undefined : pictures[index + 1];
    const activity = isAfterCut(index) ? (next?.activity ?? 0) : picture.activity;
    return { atSeconds, brightness, activity, personConfidence: confidences.get(atSeconds) ?? 0 };
  });
}

/** Answers come when they come. */
function inOrder(found: Found): Found {
  const byTime = (a: { atSeconds: number }, b: { atSeconds: number }) => a.atSeconds - b.atSeconds;
  return { ...found, frames: [...found.frames].sort(byTime), faces: [...found.faces].sort(byTime), texts: [...found.texts].sort(byTime) };
}

async function readProbe(job: VideoJob, ffmpeg: FfmpegBinary): Promise<VideoProbe> {
  try {
    return await probeFile({ ffmpeg, path: job.path, signal: job.signal });
  } catch (error) {
    throw asJobFailure(error);
  }
}

/** What was measured without an adapter. */
interface Measured {
  samples: number;
  shots: ShotBoundaryFinder;
  pictures: Omit<MeasuredPicture, 'personConfidence'>[];
}

async function collectSamples(
  job: VideoJob,
  parts: VideoAnalysisParts & { plan: SamplingPlan; durationSeconds: number },
): Promise<{ measured: Measured; found: Found }> {
  const { plan, ffmpeg, clock } = parts;
  // A look that fails ends the decoder and the other looks, and a decoder that fails ends the looks.
  const inner = new AbortController();
  const signal = AbortSignal.any([job.signal, inner.signal]);
  const onWaiting = () => (job.progress.stage = 'waiting for an adapter');
  const looks = new PictureLooks(parts, { jobId: job.jobId, signal, onWaiting }, parts.durationSeconds);
  const running = new InFlightCalls(looksInFlightMax);
  const measured: Measured = { samples: 0, shots: new ShotBoundaryFinder(), pictures: [] };
  let previous: LumaPlane | undefined;
  let scene = 0;
  let done = 0;
  try {
    const frames = decodeFrames({
      ffmpeg,
      input: { kind: 'file', path: job.path },
      samplesPerSecond: plan.samplesPerSecond,
      samplesPerPicture: plan.samplesPerPicture,
      referencesOnly: plan.referencesOnly,
      stallMs: decoderStallMs,
      signal,
      clock,
    });
    for await (const { atMs, luma, picture } of frames) {
      measured.samples++;
      if (measured.shots.push(luma) >= cutChangeMin) scene++;
      if (!picture) continue;
      const atSeconds = atMs / 1_000;
      measured.pictures.push(measurePicture({ atSeconds, luma, previous }));
      previous = luma;
      const look = { atSeconds, scene, jpeg: picture.bytes, luma };
      await running.start(async () => {
        await looks.look(look);
        job.progress.stage = 'analysing';
        job.progress.value = Math.min(0.99, ++done / plan.pictures);
      });
    }
    await running.finish();
    return { measured, found: looks.found };
  } catch (error) {
    throw asJobFailure(error);
  } finally {
    inner.abort();
    // The failure was thrown above; here it is waited for those that were given up.
    await running.finish().catch(() => undefined);
  }
}

function measurePicture(picture: { atSeconds: number; luma: LumaPlane; previous: LumaPlane | undefined }): Measured['pictures'][number] {
  const { atSeconds, luma, previous } = picture;
  const activity = previous ? Math.round(meanAbsoluteDifference(previous, luma) * 1e4) / 1e4 : 0;
  return { atSeconds, activity, brightness: meanBrightness(luma) };
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

function roundTimes({ start_seconds, end_seconds }: TimeSegment): TimeSegment {
  const round = (seconds: number) => Math.round(seconds * 1_000) / 1_000;
  return { start_seconds: round(start_seconds), end_seconds: round(end_seconds) };
}
