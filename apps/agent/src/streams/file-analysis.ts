import type { AssignedStream, StreamFeedback, VideoInfo } from '@nightjar/contracts';
import { AppError, sleep, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import type { AnalyticsRunner } from '../analytics/analytics-runner.js';
import { streamMetrics, type StreamMetrics } from '../metrics/stream-metrics.js';
import type { LiveFrame } from '../sources/camera-source.js';
import type { VideoFileSource } from '../sources/video-file-source.js';
import type { FrameAnalysis } from './frame-analysis.js';
import type { FrameStore } from './frame-store.js';
import type { LiveResults } from './live-results.js';
import { feedbackOf } from './stream-feedback.js';

interface FileAnalysisParts {
  source: Pick<VideoFileSource, 'frames'>;
  analysis: FrameAnalysis;
  frames: FrameStore;
  results: LiveResults;
  analytics: AnalyticsRunner;
  /** Told once, when the file is through or given up. */
  onOver: () => void;
  clock: Clock;
  logger: Logger;
  /** How long adapters may be away before the file is given up, and the pause between two tries. */
  patienceMs?: number;
  retryPauseMs?: number;
}

const patienceMsDefault = 60_000;
const retryPauseMsDefault = 500;
/** Frames one after the other that a model fails on; a single bad picture is no reason to give up a film. */
const failedFramesMax = 20;

/**
 * The analysis of a video file: every sample of it at the pace of the adapters, in the time of the film. Nothing is left out: while
 * no adapter answers it waits. At its end it is `done`, once, until somebody asks for it anew.
 */
export class FileAnalysis {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private failedFrames = 0;
  private video: VideoInfo | undefined;
  private over: { status: 'done' | 'failure'; error: string | null } | undefined;

  constructor(
    private assigned: AssignedStream,
    private readonly parts: FileAnalysisParts,
  ) {
    parts.analytics.configure(assigned.analytics);
  }

  get stream(): AssignedStream {
    return this.assigned;
  }

  /** What nvr is told with the next claim. */
  get feedback(): StreamFeedback {
    const told = this.over ?? { status: 'in_progress' as const, error: this.problem };
    return feedbackOf(this.assigned, { ...told, video: this.video, atUnixMs: this.parts.clock.wallMs() });
  }

  get metrics(): StreamMetrics {
    return streamMetrics(this.assigned, { counts: this.parts.analysis.counts, framesDropped: 0, source: undefined });
  }

  /** All of it is decoded, at the pace of the adapters. */
  readonly decoding = undefined;

  /** A new name or place; whatever else a user changes is a new start. */
  reassign(stream: AssignedStream): void {
    this.assigned = stream;
    this.parts.analytics.describe(stream);
  }

  start(): void {
    this.running = this.run(this.stopping.signal);
  }

  /** Ends FFmpeg or the download, and what the analytics had open. */
  async stop(): Promise<void> {
    this.stopping.abort(new AppError('cancelled', 'the stream was taken away'));
    await this.running;
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { analytics, frames, logger, onOver, results, source } = this.parts;
    try {
      await frames.open().catch((error: unknown) => logger.error('the frames directory cannot be used', { error }));
      for await (const frame of source.frames(signal)) {
        if (analytics.hasFailed) throw new AppError('unprocessable', analytics.problem ?? 'no analytic runs');
        const { bytes, height, width } = frame.picture;
        this.video = { width, height, codec: null };
        frames.writeLatest(bytes);
        await this.analyseInTime(frame, signal);
      }
      this.over = { status: 'done', error: this.problem };
    } catch (thrown) {
      if (!signal.aborted) this.fail(toAppError(thrown));
    }
    results.publishBetweenFrames(await analytics.close());
    await frames.close();
    if (!signal.aborted) onOver();
  }

  /** Waits for adapters that are away or busy. @throws AppError when they are for too long, or fail on too many frames */
  private async analyseInTime(frame: LiveFrame, signal: AbortSignal): Promise<void> {
    const { analysis, clock, patienceMs = patienceMsDefault, results, retryPauseMs = retryPauseMsDefault } = this.parts;
    const givesUpAtMs = clock.monotonicMs() + patienceMs;
    for (;;) {
      try {
        await analysis.analyse(frame, this.stream, signal);
        this.failedFrames = 0;
        return;
      } catch (thrown) {
        signal.throwIfAborted();
        const error = toAppError(thrown);
        analysis.forget();
        results.publishProblem({ status: 'in_progress', error: `not analysed: ${error.message}` });
        if (!error.retryable && ++this.failedFrames < failedFramesMax) return;
        if (!error.retryable || clock.monotonicMs() >= givesUpAtMs) throw error;
        await sleep(retryPauseMs, signal);
      }
    }
  }

  private get problem(): string | null {
    const { analytics } = this.parts;
    return analytics.problem ?? analytics.callbackProblem;
  }

  private fail(error: AppError): void {
    this.parts.logger.warn('a video file was given up', { error });
    this.over = { status: 'failure', error: error.message };
  }
}
