import { inlinePictureBytesMax, type AssignedStream, type InferenceResult, type Lane, type ModelIdentity } from '@nightjar/contracts';
import { scaleBox, xyxyFromLtwh } from '@nightjar/geometry';
import type { JpegPicture } from '@nightjar/media';
import type { InferenceDispatcher } from '@nightjar/messaging';
import type { Clock, Logger } from '@nightjar/runtime';
import { ByteTracker, defaultByteTrackerOptions } from '@nightjar/tracking';
import type { AnalyticsRunner } from '../analytics/analytics-runner.js';
import type { FrameResult } from '../analytics/frame-result.js';
import { TrackObserver } from '../analytics/track-observer.js';
import { fitPicture } from '../decode/fit-picture.js';
import type { FrameCounts } from '../metrics/stream-metrics.js';
import { SeenScene, wholeLook, type Look, type LookAnswer } from '../looks/seen-scene.js';
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

/** With what the newest look was made. */
interface Asked {
  labels: readonly string[];
  model: ModelIdentity;
}

/**
 * What becomes of one frame after the other: what adapters find where something moves, with what was found before where nothing
 * does, through the tracker, to events, overlays and listeners.
 */
export class FrameAnalysis {
  private readonly tracker = new ByteTracker();
  private readonly observer = new TrackObserver();
  private readonly scene = new SeenScene(defaultByteTrackerOptions.highScore);
  private asked: Asked | undefined;
  private last: FrameResult | undefined;
  private overCapTold = 0;
  private readonly counted = { analysed: 0, asked: 0, regionsAsked: 0, tracks: 0, regionsFull: 0, frameAgeMs: 0 };

  constructor(private readonly parts: FrameAnalysisParts) {}

  get counts(): FrameCounts {
    return { ...this.counted, held: this.scene.saved, overCap: this.tracker.counts.overCap };
  }

  /**
   * Analyses a frame to its end.
   * @returns whether something that it follows moves, or moved within seconds
   * @throws AppError as `infer` does; then nothing was told
   */
  async analyse(frame: LiveFrame, stream: AssignedStream, signal: AbortSignal): Promise<{ isActive: boolean }> {
    const look = this.scene.plan(frame.motion, frame.picture, this.last?.tracks ?? []);
    const asked = !look && this.asked ? this.asked : await this.ask({ frame, look: look ?? wholeLook([]), stream, signal });
    const result = this.follow(frame);
    this.tell(result, asked);
    this.count(result, look);
    const isStill = frame.motion?.regions.length === 0;
    return { isActive: result.tracks.some(({ stationary, trackId }) => !stationary && (!isStill || this.observer.hasMoved(trackId))) };
  }

  /**
   * Tells once more what stands in the picture, of now, while no frame comes because nothing moves. It costs no detector.
   * @returns false when nothing stands there, or nothing is known
   */
  again(): boolean {
    const { asked, last, parts } = this;
    if (!asked || !last || last.tracks.length === 0 || this.scene.objects.length === 0) return false;
    const now = { capturedAtMs: parts.clock.wallMs(), monotonicMs: parts.clock.monotonicMs() };
    this.tell(this.follow({ ...last.frame, ...now, motion: { share: 0, regions: [] } }), asked);
    return true;
  }

  /** The next frame needs an adapter, moving or not. */
  forget(): void {
    this.scene.forget();
  }

  private async ask(options: { frame: LiveFrame; look: Look; stream: AssignedStream; signal: AbortSignal }): Promise<Asked> {
    const { frame, signal, stream } = options;
    const { analytics, dispatcher, lane, timeoutMs } = this.parts;
    // Places of a picture that has to shrink to fit are no longer those of the frame.
    const look = frame.picture.bytes.length > inlinePictureBytesMax ? { ...options.look, regions: undefined } : options.look;
    const picture = await fitPicture(frame.picture.bytes);
    const labels = analytics.labels;
    this.counted.asked++;
    this.counted.regionsAsked += look.regions?.length ?? 1;
    const found = await dispatcher.infer({
      // Persons alone may have a model of their own.
      ...(labels.length > 1 ? { capability: 'object_detection', labels: [...labels] } : { capability: 'person_detection' }),
      lane,
      source: stream.frames_name,
      picture,
      regions: look.regions?.map(({ box: { x1, x2, y1, y2 } }) => [x1, y1, x2 - x1, y2 - y1]),
      minConfidence: defaultByteTrackerOptions.lowScore,
      timeoutMs,
      signal,
    });
    this.scene.take(look, answerOf(found, labels, frame.picture));
    this.asked = { labels, model: found.model };
    return this.asked;
  }

  private follow(frame: LiveFrame): FrameResult {
    const { objects } = this.scene;
    const tracks = this.tracker.update(objects, frame.monotonicMs).map(({ detection, trackId, hits }) => ({
      ...detection,
      ...this.observer.observe({ trackId, box: detection.box, score: detection.score }, frame.monotonicMs),
      trackId,
      hits,
    }));
    this.observer.sweep(frame.monotonicMs);
    this.tellCap();
    const persons = objects.filter(({ label, score }) => label === 'person' && score >= defaultByteTrackerOptions.highScore);
    const picture = { w: frame.picture.width, h: frame.picture.height };
    this.last = { frame, picture, tracks, found: persons, motion: frame.motion };
    return this.last;
  }

  private tell(result: FrameResult, { model }: Asked): void {
    const { analytics, events, results } = this.parts;
    results.publish(result, analytics.update({ result, model }));
    events?.update(result, model);
  }

  private count({ frame, motion, tracks }: FrameResult, look: Look | undefined): void {
    const { counted } = this;
    counted.analysed++;
    counted.tracks = tracks.length;
    counted.frameAgeMs = this.parts.clock.monotonicMs() - frame.monotonicMs;
    if (look?.isFull || (motion?.regions.length ?? 0) >= motionRegionsMax) counted.regionsFull++;
  }

  /** More objects than the tracker follows: counts stay right, events of some are missing. */
  private tellCap(): void {
    const { overCap } = this.tracker.counts;
    if (overCap === 0 || overCap < this.overCapTold * 2) return;
    this.overCapTold = overCap;
    this.parts.logger.warn('more objects than the tracker follows', { overCap });
  }
}

/** What an adapter found, in pixels of the frame: it may have got a smaller picture. */
function answerOf(
  { detections, model_input: input, picture }: InferenceResult,
  labels: readonly string[],
  { height, width }: JpegPicture,
): LookAnswer {
  const found = detections.flatMap(({ bbox: [left, top, boxWidth, boxHeight], confidence, label, region }) => {
    if (!labels.includes(label)) return [];
    const box = scaleBox(xyxyFromLtwh({ left, top, width: boxWidth, height: boxHeight }), width / picture.w, height / picture.h);
    return [{ box, score: confidence, label, region }];
  });
  return { found, picture: { width, height }, input: input && { width: input.w, height: input.h } };
}
