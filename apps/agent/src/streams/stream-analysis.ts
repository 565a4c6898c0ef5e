import type { AssignedStream, InferenceResult, StreamAnalytic, StreamFeedback } from '@nightjar/contracts';
import { xyxyFromLtwh, type BoxXyxy } from '@nightjar/geometry';
import type { InferenceDispatcher } from '@nightjar/messaging';
import { toAppError, type Clock, type Logger } from '@nightjar/runtime';
import { ByteTracker, defaultByteTrackerOptions } from '@nightjar/tracking';
import type { AnalyticsRunner } from '../analytics/analytics-runner.js';
import type { FrameResult } from '../analytics/frame-result.js';
import { TrackObserver } from '../analytics/track-observer.js';
import { fitPicture } from '../decode/fit-picture.js';
import type { Demand } from '../decode/decode-policy.js';
import type { DecodeStatus } from '../decode/watched-stream.js';
import { HeldAnswer } from '../sampling/held-answer.js';
import { NewestSlot } from '../sampling/newest-slot.js';
import type { CameraSource, CameraState, LiveFrame } from '../sources/camera-source.js';
import type { FrameStore } from './frame-store.js';
import type { LiveResults } from './live-results.js';
import type { PersonEvents } from './person-events.js';

export interface StreamAnalysisParts {
  source: CameraSource;
  dispatcher: Pick<InferenceDispatcher, 'infer'>;
  frames: FrameStore;
  results: LiveResults;
  /** Undefined for a stream that is no camera of ours. */
  events: PersonEvents | undefined;
  analytics: AnalyticsRunner;
  clock: Clock;
  logger: Logger;
}

/** A live answer later than this is worthless: the queue forgets the question after the same time. */
const inferenceTimeoutMs = 2_000;
/** Bound of the contract. */
const feedbackCharsMax = 500;
/** How often time passes for events while no frame comes. */
const idleTickMs = 1_000;

/** What an adapter answered, with the labels that it was asked for. */
interface Answer {
  found: InferenceResult;
  labels: readonly string[];
}

/**
 * The analysis of one camera: frames from its source, at most one question at a time to the adapters (newer frames replace each
 * other meanwhile), the answer through the tracker to events, overlays and subscribers. While nothing moves the last answer holds.
 */
export class StreamAnalysis {
  private readonly stopping = new AbortController();
  private readonly slot = new NewestSlot<LiveFrame>();
  private readonly tracker = new ByteTracker();
  private readonly observer = new TrackObserver();
  private readonly held = new HeldAnswer<Answer>();
  private running: Promise<unknown> | undefined;
  private adapterAway = false;
  private overCapTold = 0;
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
    const { analytics, clock } = this.parts;
    const { stream_id, version } = this.assigned;
    const error = analytics.problem ?? this.cameraProblem;
    // One that fails leaves the others to work; nvr takes a stream that failed away.
    const status = analytics.hasFailed ? 'failure' : 'in_progress';
    return { stream_id, version, status, error: error?.slice(0, feedbackCharsMax) ?? null, at_unix_ms: clock.wallMs() };
  }

  /** Takes over what a user changed while frames go on: the analytics, the name, the owner. */
  reassign(stream: AssignedStream): void {
    this.assigned = stream;
    // Other analytics may ask for other labels.
    this.held.forget();
    this.parts.analytics.describe(stream);
    this.parts.results.publishBetweenFrames(this.parts.analytics.configure(stream.analytics));
  }

  start(): void {
    const { source, frames, logger } = this.parts;
    const { signal } = this.stopping;
    const handlers = {
      onFrame: (frame: LiveFrame) => this.take(frame),
      onState: (state: CameraState) => this.tellState(state),
      onDecode: (status: DecodeStatus) => this.parts.results.publishDecoding({ ...status, answersHeld: this.held.saved }),
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
    this.slot.offer(frame);
  }

  private async analyse(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const frame = await this.slot.take(idleTickMs, signal);
      this.parts.source.want(this.demand);
      if (frame) await this.analyseFrame(frame, signal);
      else if (!signal.aborted) this.tick();
    }
  }

  private async analyseFrame(frame: LiveFrame, signal: AbortSignal): Promise<void> {
    try {
      const { found, labels } = this.held.for(frame.motion) ?? (await this.ask(frame, signal));
      if (this.adapterAway) this.parts.logger.info('the adapters answer again');
      this.adapterAway = false;
      const result = this.follow(frame, found, labels);
      this.parts.results.publish(result, this.parts.analytics.update({ result, model: found.model }));
      this.parts.events?.update(result, found.model);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = toAppError(thrown);
      this.held.forget();
      this.tick();
      if (!this.adapterAway) this.parts.logger.warn('a frame was not analysed', { error });
      this.adapterAway = true;
      this.parts.results.publishProblem({ status: 'in_progress', error: `not analysed: ${error.message}` });
    }
  }

  private async ask(frame: LiveFrame, signal: AbortSignal): Promise<Answer> {
    const picture = await fitPicture(frame.picture.bytes);
    const labels = this.parts.analytics.labels;
    const found = await this.parts.dispatcher.infer({
      // Persons alone may have a model of their own.
      ...(labels.length > 1 ? { capability: 'object_detection', labels: [...labels] } : { capability: 'person_detection' }),
      lane: 'live',
      source: this.stream.frames_name,
      picture,
      minConfidence: defaultByteTrackerOptions.lowScore,
      timeoutMs: inferenceTimeoutMs,
      signal,
    });
    const answer = { found, labels };
    this.held.keep(answer);
    return answer;
  }

  /** Listeners get a message for each frame; a stream that is no camera and has no analytics has nobody else. */
  private get demand(): Demand {
    const { results, events } = this.parts;
    const { analytics } = this.stream;
    if (results.hasListeners || analytics.some(countsEveryFrame)) return 'everything';
    return events === undefined && analytics.length === 0 ? 'nothing' : 'motion';
  }

  private tick(): void {
    this.parts.events?.tick();
    this.parts.results.publishBetweenFrames(this.parts.analytics.tick());
  }

  private follow(frame: LiveFrame, found: InferenceResult, labels: readonly string[]): FrameResult {
    const objects = objectsOf(found, labels);
    const tracks = this.tracker.update(objects, frame.monotonicMs).map(({ detection, trackId, hits }) => ({
      ...detection,
      ...this.observer.observe({ trackId, box: detection.box, score: detection.score }, frame.monotonicMs),
      trackId,
      hits,
    }));
    this.observer.sweep(frame.monotonicMs);
    if (tracks.length > 0) this.parts.source.hasTracks();
    this.tellCap();
    const persons = objects.filter(({ label, score }) => label === 'person' && score >= defaultByteTrackerOptions.highScore);
    return { frame, picture: found.picture, tracks, found: persons, motion: frame.motion };
  }

  private tellState(state: CameraState): void {
    this.cameraProblem = state.state === 'offline' ? state.reason : null;
    if (state.state === 'offline') this.parts.results.publishProblem({ status: 'restart', error: state.reason });
  }

  /** More objects than the tracker follows: counts stay right, events of some are missing. */
  private tellCap(): void {
    const { overCap } = this.tracker.counts;
    if (overCap === 0 || overCap < this.overCapTold * 2) return;
    this.overCapTold = overCap;
    this.parts.logger.warn('more objects than the tracker follows', { overCap });
  }
}

/** People are counted frame by frame for whoever is called back with the counts. */
function countsEveryFrame({ analytic_name: name, parameters }: StreamAnalytic): boolean {
  return name === 'people_count' && Array.isArray(parameters.callbacks) && parameters.callbacks.length > 0;
}

function objectsOf(found: InferenceResult, labels: readonly string[]): { box: BoxXyxy; score: number; label: string }[] {
  return found.detections.flatMap(({ bbox: [left, top, width, height], confidence, label }) =>
    labels.includes(label) ? [{ box: xyxyFromLtwh({ left, top, width, height }), score: confidence, label }] : [],
  );
}
