import type { AssignedStream, InferenceResult } from '@nightjar/contracts';
import { xyxyFromLtwh, type BoxXyxy } from '@nightjar/geometry';
import type { InferenceDispatcher } from '@nightjar/messaging';
import { toAppError, type Logger } from '@nightjar/runtime';
import { ByteTracker, defaultByteTrackerOptions } from '@nightjar/tracking';
import type { FrameResult } from '../analytics/frame-result.js';
import { TrackObserver } from '../analytics/track-observer.js';
import { fitPicture } from '../decode/fit-picture.js';
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
  logger: Logger;
}

/** A live answer later than this is worthless: the queue forgets the question after the same time. */
const inferenceTimeoutMs = 2_000;
/** How often time passes for events while no frame comes. */
const idleTickMs = 1_000;

/**
 * The analysis of one camera: frames from its source, at most one question at a time to the adapters (newer frames replace each
 * other meanwhile), the answer through the tracker to events, overlays and subscribers.
 */
export class StreamAnalysis {
  private readonly stopping = new AbortController();
  private readonly slot = new NewestSlot<LiveFrame>();
  private readonly tracker = new ByteTracker();
  private readonly observer = new TrackObserver();
  private running: Promise<unknown> | undefined;
  private adapterAway = false;
  private overCapTold = 0;

  constructor(
    readonly stream: AssignedStream,
    private readonly parts: StreamAnalysisParts,
  ) {}

  start(): void {
    const { source, frames, logger } = this.parts;
    const { signal } = this.stopping;
    const handlers = { onFrame: (frame: LiveFrame) => this.take(frame), onState: (state: CameraState) => this.tellState(state) };
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
    await this.parts.events?.closeAll();
  }

  private take(frame: LiveFrame): void {
    this.parts.frames.writeLatest(frame.picture.bytes);
    this.slot.offer(frame);
  }

  private async analyse(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const frame = await this.slot.take(idleTickMs, signal);
      if (frame) await this.analyseFrame(frame, signal);
      else if (!signal.aborted) this.parts.events?.tick();
    }
  }

  private async analyseFrame(frame: LiveFrame, signal: AbortSignal): Promise<void> {
    try {
      const picture = await fitPicture(frame.picture.bytes);
      const found = await this.parts.dispatcher.infer({
        capability: 'person_detection',
        lane: 'live',
        source: this.stream.frames_name,
        picture,
        minConfidence: defaultByteTrackerOptions.lowScore,
        timeoutMs: inferenceTimeoutMs,
        signal,
      });
      if (this.adapterAway) this.parts.logger.info('the adapters answer again');
      this.adapterAway = false;
      const result = this.follow(frame, found);
      this.parts.results.publish(result);
      this.parts.events?.update(result, found.model);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = toAppError(thrown);
      this.parts.events?.tick();
      if (!this.adapterAway) this.parts.logger.warn('a frame was not analysed', { error });
      this.adapterAway = true;
      this.parts.results.publishProblem({ status: 'in_progress', error: `not analysed: ${error.message}` });
    }
  }

  private follow(frame: LiveFrame, found: InferenceResult): FrameResult {
    const persons = personsOf(found);
    const tracks = this.tracker.update(persons, frame.monotonicMs).map(({ detection, trackId, hits }) => ({
      ...detection,
      ...this.observer.observe({ trackId, box: detection.box, score: detection.score }, frame.monotonicMs),
      trackId,
      hits,
    }));
    this.observer.sweep(frame.monotonicMs);
    this.tellCap();
    return { frame, picture: found.picture, tracks, found: persons.filter(({ score }) => score >= defaultByteTrackerOptions.highScore) };
  }

  private tellState(state: CameraState): void {
    if (state.state === 'offline') this.parts.results.publishProblem({ status: 'restart', error: state.reason });
  }

  /** More people than the tracker follows: counts stay right, events of some are missing. */
  private tellCap(): void {
    const { overCap } = this.tracker.counts;
    if (overCap === 0 || overCap < this.overCapTold * 2) return;
    this.overCapTold = overCap;
    this.parts.logger.warn('more people than the tracker follows', { overCap });
  }
}

function personsOf(found: InferenceResult): { box: BoxXyxy; score: number; label: string }[] {
  return found.detections.flatMap(({ bbox: [left, top, width, height], confidence, label }) =>
    label === 'person' ? [{ box: xyxyFromLtwh({ left, top, width, height }), score: confidence, label }] : [],
  );
}
