import type { AssignedStream, DecodeReport, StreamAnalytic, StreamFeedback } from '@nightjar/contracts';
import type { HardwareDecoder } from '@nightjar/media';
import { toAppError, type Clock, type Logger } from '@nightjar/runtime';
import type { AnalyticsRunner } from '../analytics/analytics-runner.js';
import type { AnalysedFrame, FrameResult } from '../analytics/frame-result.js';
import type { Demand } from '../decode/decode-policy.js';
import { decodeReport } from '../decode/decode-report.js';
import type { DecodeStatus } from '../decode/watched-stream.js';
import { streamMetrics, type StreamMetrics } from '../metrics/stream-metrics.js';
import { NewestSlot } from '../sampling/newest-slot.js';
import type { CameraSource, CameraState, LiveFrame, SourceStatus } from '../sources/camera-source.js';
import type { FrameAnalysis } from './frame-analysis.js';
import type { FrameStore } from './frame-store.js';
import type { LiveResults } from './live-results.js';
import type { PersonEvents } from './person-events.js';
import { feedbackOf } from './stream-feedback.js';

interface StreamAnalysisParts {
  source: CameraSource;
  analysis: FrameAnalysis;
  frames: FrameStore;
  results: LiveResults;
  /** Undefined for a stream that is no camera of ours. */
  events: PersonEvents | undefined;
  analytics: AnalyticsRunner;
  /** What its source is to decode with, or why that is the CPU although hardware is wanted. */
  hardware: { wanted: HardwareDecoder | undefined; problem: string | undefined };
  clock: Clock;
  logger: Logger;
}

/** How often time passes for events while no frame comes. */
const idleTickMs = 1_000;

/**
 * The analysis of one camera: frames from its source, at most one question at a time to the adapters (newer frames replace each
 * other meanwhile), the answer through the tracker to events, overlays and subscribers. While nothing moves the last answer holds.
 */
export class StreamAnalysis {
  private readonly stopping = new AbortController();
  private readonly slot = new NewestSlot<AnalysedFrame>();
  private running: Promise<unknown> | undefined;
  private adapterAway = false;
  /** Why there are no frames now. */
  private cameraProblem: string | null = null;

  constructor(
    private assigned: AssignedStream,
    private readonly parts: StreamAnalysisParts,
  ) {
    parts.analytics.configure(assigned.analytics);
  }

  get stream(): AssignedStream {
    return this.assigned;
  }

  /** What nvr is told with the next claim. */
  get feedback(): StreamFeedback {
    const { analysis, analytics, clock, source } = this.parts;
    const { picture, watched } = source.decoding;
    // One that fails leaves the others to work; nvr takes a stream that failed away.
    const status = analytics.hasFailed ? 'failure' : 'in_progress';
    const error = analytics.problem ?? this.cameraProblem ?? analysis.problem ?? analytics.callbackProblem;
    const video = picture && { ...picture, codec: watched?.codec ?? null };
    return feedbackOf(this.assigned, { status, error, video, atUnixMs: clock.wallMs() });
  }

  get metrics(): StreamMetrics {
    const { analysis, source } = this.parts;
    return streamMetrics(this.assigned, { counts: analysis.counts, framesDropped: this.slot.dropped, source: source.decoding });
  }

  /** How much of it is decoded, and why. */
  get decoding(): DecodeReport {
    const { clock, source } = this.parts;
    const { decoding } = source;
    const report = decodeReport(this.assigned, { source: decoding, framesDropped: this.slot.dropped, clock });
    return { ...report, hardware_because: this.whyCpu(decoding) };
  }

  /** Takes over what a user changed while frames go on: the analytics, the name, the owner. */
  reassign(stream: AssignedStream): void {
    this.assigned = stream;
    // Other analytics may ask for other labels.
    this.parts.analysis.forget();
    this.parts.analytics.describe(stream);
    this.parts.results.publishBetweenFrames(this.parts.analytics.configure(stream.analytics));
  }

  start(): void {
    const { analysis, source, frames, logger } = this.parts;
    const { signal } = this.stopping;
    const handlers = {
      onFrame: (frame: LiveFrame) => this.take(frame),
      onState: (state: CameraState) => this.tellState(state),
      onDecode: (status: DecodeStatus) => this.parts.results.publishDecoding({ ...status, answersHeld: analysis.counts.held }),
    };
    source.want(this.demand);
    this.running = frames
      .open()
      .catch((error: unknown) => logger.error('the frames directory cannot be used', { error }))
      .then(() => Promise.all([source.run(handlers, signal), this.analyse(signal)]));
  }

  /** Ends FFmpeg and the analysis, and closes the events that are open. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.parts.frames.close();
    this.parts.results.publishBetweenFrames(await this.parts.analytics.close());
    await this.parts.events?.closeAll();
  }

  private take(frame: LiveFrame): void {
    this.parts.frames.writeLatest(frame.picture.bytes);
    const { rotation } = this.assigned;
    this.slot.offer({ ...frame, stream: this.parts.source.decoding.stream, rotation });
  }

  private async analyse(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const frame = await this.slot.take(idleTickMs, signal);
      this.parts.source.want(this.demand);
      if (frame) await this.analyseFrame(frame, signal);
      else if (!signal.aborted && !this.holds()) this.tick();
    }
  }

  private async analyseFrame(frame: AnalysedFrame, signal: AbortSignal): Promise<void> {
    const { analysis, logger, results, source } = this.parts;
    try {
      const { isActive } = await analysis.analyse(frame, this.stream, signal);
      if (isActive) source.hasTracks();
      if (this.adapterAway) logger.info('the adapters answer again');
      this.adapterAway = false;
    } catch (thrown) {
      if (signal.aborted) return;
      const error = toAppError(thrown);
      analysis.forget();
      this.tick(analysis.unanswered(frame));
      if (!this.adapterAway) logger.warn('a frame was not analysed', { error });
      this.adapterAway = true;
      results.publishProblem({ status: 'in_progress', error: `not analysed: ${error.message}` });
    }
  }

  /** Listeners get a message for each frame; a stream that is no camera and has no analytics has nobody else. */
  private get demand(): Demand {
    const { results, events } = this.parts;
    const { analytics } = this.stream;
    if (results.hasListeners || analytics.some(countsEveryFrame)) return 'everything';
    return events === undefined && analytics.length === 0 ? 'nothing' : 'motion';
  }

  /** While a camera sleeps because nothing moves, what stands in its picture stands there still. */
  private holds(): boolean {
    const { analysis, source } = this.parts;
    return source.status?.state === 'idle' && !this.adapterAway && analysis.again();
  }

  /** Why its pictures are decoded on the CPU although hardware is wanted. */
  private whyCpu({ isConnected, reading, watched }: SourceStatus): string | null {
    const { problem, wanted } = this.parts.hardware;
    if (problem !== undefined) return problem;
    if (wanted === undefined || !isConnected) return null;
    if (reading === 'pictures') return 'video whose units cannot be told apart is decoded on the CPU';
    return watched && watched.hardware === undefined ? `the ${wanted} decoder gave no picture of this camera` : null;
  }

  private tick(unanswered?: FrameResult): void {
    this.parts.events?.tick();
    this.parts.results.publishBetweenFrames(this.parts.analytics.tick(unanswered));
  }

  private tellState(state: CameraState): void {
    this.cameraProblem = state.state === 'offline' ? state.reason : null;
    if (state.state === 'offline') this.parts.results.publishProblem({ status: 'restart', error: state.reason });
  }
}

/** People are counted frame by frame for whoever is called back with the counts. */
function countsEveryFrame({ analytic_name: name, parameters }: StreamAnalytic): boolean {
  return name === 'people_count' && Array.isArray(parameters.callbacks) && parameters.callbacks.length > 0;
}
