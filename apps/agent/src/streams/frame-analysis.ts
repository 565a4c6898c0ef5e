import type { AssignedStream, InferenceResult, Lane } from '@nightjar/contracts';
import { xyxyFromLtwh, type BoxXyxy } from '@nightjar/geometry';
import type { InferenceDispatcher } from '@nightjar/messaging';
import type { Clock, Logger } from '@nightjar/runtime';
import { ByteTracker, defaultByteTrackerOptions } from '@nightjar/tracking';
import type { AnalyticsRunner } from '../analytics/analytics-runner.js';
import type { FrameResult } from '../analytics/frame-result.js';
import { TrackObserver } from '../analytics/track-observer.js';
import { fitPicture } from '../decode/fit-picture.js';
import type { FrameCounts } from '../metrics/stream-metrics.js';
import { HeldAnswer } from '../sampling/held-answer.js';
import { motionRegionsMax } from '../sampling/motion-regions.js';
import type { LiveFrame } from '../sources/camera-source.js';
import type { LiveResults } from './live-results.js';
import type { PersonEvents } from './person-events.js';

export interface FrameAnalysisParts {
  dispatcher: Pick<InferenceDispatcher, 'infer'>;
  /** Which of the adapters' queues its questions go to, and how long an answer is worth waiting for. */
  lane: Lane;
  timeoutMs: number;
  results: LiveResults;
  /** Undefined for a stream that is no camera of ours. */
  events: PersonEvents | undefined;
  analytics: AnalyticsRunner;
  /** The clock that frames carry. */
  clock: Clock;
  logger: Logger;
}

/** What an adapter answered, with the labels that it was asked for. */
interface Answer {
  found: InferenceResult;
  labels: readonly string[];
}

/**
 * What becomes of one frame after the other: what an adapter finds on it (or found before, while nothing moves), through the
 * tracker, to events, overlays and listeners.
 */
export class FrameAnalysis {
  private readonly tracker = new ByteTracker();
  private readonly observer = new TrackObserver();
  private readonly held = new HeldAnswer<Answer>();
  private overCapTold = 0;
  private readonly counted = { analysed: 0, asked: 0, tracks: 0, regionsFull: 0, frameAgeMs: 0 };

  constructor(private readonly parts: FrameAnalysisParts) {}

  get counts(): FrameCounts {
    return { ...this.counted, held: this.held.saved, overCap: this.tracker.counts.overCap };
  }

  /** Analyses a frame to its end. @returns how many objects it follows. @throws AppError as `infer` does; then nothing was told */
  async analyse(frame: LiveFrame, stream: AssignedStream, signal: AbortSignal): Promise<number> {
    const { analytics, events, results } = this.parts;
    const { found, labels } = this.held.for(frame.motion) ?? (await this.ask(frame, stream, signal));
    const result = this.follow(frame, found, labels);
    results.publish(result, analytics.update({ result, model: found.model }));
    events?.update(result, found.model);
    this.count(result);
    return result.tracks.length;
  }

  /** The next frame needs an adapter, moving or not. */
  forget(): void {
    this.held.forget();
  }

  private async ask(frame: LiveFrame, stream: AssignedStream, signal: AbortSignal): Promise<Answer> {
    const { analytics, dispatcher, lane, timeoutMs } = this.parts;
    const picture = await fitPicture(frame.picture.bytes);
    const labels = analytics.labels;
    this.counted.asked++;
    const found = await dispatcher.infer({
      // Persons alone may have a model of their own.
      ...(labels.length > 1 ? { capability: 'object_detection', labels: [...labels] } : { capability: 'person_detection' }),
      lane,
      source: stream.frames_name,
      picture,
      minConfidence: defaultByteTrackerOptions.lowScore,
      timeoutMs,
      signal,
    });
    const answer = { found, labels };
    // What was seen while something moved says nothing of the picture once it has gone.
    if (frame.motion?.regions.length === 0) this.held.keep(answer);
    return answer;
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
    this.tellCap();
    const persons = objects.filter(({ label, score }) => label === 'person' && score >= defaultByteTrackerOptions.highScore);
    return { frame, picture: found.picture, tracks, found: persons, motion: frame.motion };
  }

  private count({ frame, motion, tracks }: FrameResult): void {
    const { counted } = this;
    counted.analysed++;
    counted.tracks = tracks.length;
    counted.frameAgeMs = this.parts.clock.monotonicMs() - frame.monotonicMs;
    if ((motion?.regions.length ?? 0) >= motionRegionsMax) counted.regionsFull++;
  }

  /** More objects than the tracker follows: counts stay right, events of some are missing. */
  private tellCap(): void {
    const { overCap } = this.tracker.counts;
    if (overCap === 0 || overCap < this.overCapTold * 2) return;
    this.overCapTold = overCap;
    this.parts.logger.warn('more objects than the tracker follows', { overCap });
  }
}

function objectsOf(found: InferenceResult, labels: readonly string[]): { box: BoxXyxy; score: number; label: string }[] {
  return found.detections.flatMap(({ bbox: [left, top, width, height], confidence, label }) =>
    labels.includes(label) ? [{ box: xyxyFromLtwh({ left, top, width, height }), score: confidence, label }] : [],
  );
}
