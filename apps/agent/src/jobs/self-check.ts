import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { AgentCapacity, JobOutcome, Work } from '@nightjar/contracts';
import { FfmpegProcess, type FfmpegBinary } from '@nightjar/media';
import { AppError, deadlineSignal, pause, type Clock, type Logger } from '@nightjar/runtime';
import type { RunWork } from './job-attempt.js';

/** What a second of video and a picture take, in ms. */
type SelfCheckResult = NonNullable<AgentCapacity['self_check']>;

interface SelfCheckOptions {
  ffmpeg: FfmpegBinary;
  /** The code that does jobs, on files of this directory. */
  runWorkIn: (mediaDir: string) => RunWork;
  /** Whether a job runs here: it goes first. */
  isBusy: () => boolean;
  clock: Clock;
  logger: Logger;
}

const videoSeconds = 2;
/** Includes the wait for an adapter and for its models. */
const checkTimeoutMs = 120_000;
const retryMs = 10_000;
const busyPollMs = 200;
const makeMediaMs = 20_000;

/**
 * Measures once after the start how long jobs take here, so that callers hear of a latency before the first job has ended: a
 * small video and a picture of its own go through the very code of jobs, first to have the models loaded, then against the clock.
 * It steps aside as soon as a job is taken, and tries again until it worked.
 */
export class SelfCheck {
  private measured: SelfCheckResult | null = null;
  private readonly stopping = new AbortController();
  private done: Promise<void> = Promise.resolve();

  constructor(private readonly options: SelfCheckOptions) {}

  /** Null until it worked. */
  get result(): SelfCheckResult | null {
    return this.measured;
  }

  start(): void {
    this.done = this.run(this.stopping.signal);
  }

  async stop(): Promise<void> {
    this.stopping.abort(new AppError('cancelled', 'the agent stops'));
    await this.done;
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { isBusy, logger } = this.options;
    while (!signal.aborted) {
      try {
        if (isBusy()) throw new AppError('cancelled', 'a job runs');
        this.measured = await this.withoutJobs(signal, (undisturbed) => this.measure(undisturbed));
        logger.info('self-check done', { ...this.measured });
        return;
      } catch (error) {
        if (!signal.aborted) logger.debug('the self-check is put off', { error });
      }
      await pause(retryMs, signal);
    }
  }

  /** Aborts what it runs when a job is taken meanwhile. */
  private async withoutJobs<Result>(signal: AbortSignal, run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const job = new AbortController();
    const watch = setInterval(() => {
      if (this.options.isBusy()) job.abort(new AppError('cancelled', 'a job was taken'));
    }, busyPollMs);
    try {
      return await run(deadlineSignal(checkTimeoutMs, signal, job.signal));
    } finally {
      clearInterval(watch);
    }
  }

  private async measure(signal: AbortSignal): Promise<SelfCheckResult> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-self-check-'));
    try {
      await makeMedia(this.options.ffmpeg, directory, signal);
      const runWork = this.options.runWorkIn(directory);
      await this.timed(runWork, pictureWork(), signal);
      await this.timed(runWork, videoWork(), signal);
      const image_ms = await this.timed(runWork, pictureWork(), signal);
      const video_ms = await this.timed(runWork, videoWork(), signal);
      return { image_ms: Math.round(image_ms), video_ms_per_second: Math.round(video_ms / videoSeconds) };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  private async timed(runWork: RunWork, work: Work, signal: AbortSignal): Promise<number> {
    const { clock } = this.options;
    const beganAtMs = clock.monotonicMs();
    const outcome = await runWork(work, { value: 0, stage: 'self-check' }, signal);
    if (!hasWorked(outcome)) throw new AppError('internal', 'the self-check has no result');
    return clock.monotonicMs() - beganAtMs;
  }
}

function hasWorked(outcome: JobOutcome): boolean {
  if (outcome.state !== 'finished') return false;
  return outcome.media_type === 'video' || outcome.items.every(({ state }) => state === 'finished');
}

/** MPEG-4 and JPEG: every build of FFmpeg can write them. */
async function makeMedia(ffmpeg: FfmpegBinary, directory: string, signal: AbortSignal): Promise<void> {
  const scene = (seconds: number) => ['-f', 'lavfi', '-t', String(seconds), '-i', 'testsrc2=size=1280x720:rate=15'];
  const file = (name: string) => `file:${path.join(directory, name)}`;
  const process = FfmpegProcess.start({
    ffmpeg,
    arguments: [
      ...[...scene(videoSeconds), ...scene(1)],
      ...['-map', '0:v', '-c:v', 'mpeg4', '-q:v', '5', '-f', 'mp4', file('video')],
      ...['-map', '1:v', '-frames:v', '1', '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-f', 'image2', '-update', '1', file('picture')],
    ],
    signal,
    wallLimitMs: makeMediaMs,
  });
  process.pipes.forEach((pipe) => pipe.resume());
  const { code, stderrTail } = await process.exited;
  if (code !== 0) throw new AppError('internal', 'the video of the self-check could not be made', { cause: new Error(stderrTail) });
}

/** Ids of no job: they only tell adapters who asks. */
const leased = () => ({ job_id: 'self-check', lease: randomUUID(), attempt: 1, lease_ms: checkTimeoutMs });

function videoWork(): Work {
  return { media_type: 'video', ...leased(), file: 'video' };
}

function pictureWork(): Work {
  return { media_type: 'image', ...leased(), items: [{ index: 0, file: 'picture' }] };
}
