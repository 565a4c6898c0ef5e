import {
  inlinePictureBytesMax,
  type AssignedStream,
  type BoxLtwh,
  type InferenceResult,
  type Lane,
  type ModelIdentity,
} from '@nightjar/contracts';
import { iou, scaleBox, xyxyFromLtwh, type PictureSize } from '@nightjar/geometry';
import type { InferenceDispatcher } from '@nightjar/messaging';
import { AppError, type Clock, type Logger } from '@nightjar/runtime';
import { ByteTracker, defaultByteTrackerOptions } from '@nightjar/tracking';
import type { AnalyticsRunner } from '../analytics/analytics-runner.js';
import type { AnalysedFrame, FrameResult } from '../analytics/frame-result.js';
import { TrackObserver } from '../analytics/track-observer.js';
import { fitPicture } from '../decode/fit-picture.js';
import type { FrameCounts } from '../metrics/stream-metrics.js';
import { SeenScene, wholeLook, type Look, type LookAnswer, type SeenObject } from '../looks/seen-scene.js';
import { motionRegionsMax } from '../sampling/motion-regions.js';
import { AnalysedArea } from './analysed-area.js';
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

/** An object and the track that it belongs to. */
const sameIou = 0.5;

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
  private area: AnalysedArea | undefined;
  private overCapTold = 0;
  private readonly counted = { analysed: 0, asked: 0, regionsAsked: 0, tracks: 0, regionsFull: 0, frameAgeMs: 0 };

  constructor(private readonly parts: FrameAnalysisParts) {}

  get counts(): FrameCounts {
    return { ...this.counted, held: this.scene.saved, overCap: this.tracker.counts.overCap };
  }

  /** Why nothing can be found on this stream, in words for its user; null: it can. */
  get problem(): string | null {
    return this.area?.problem ?? null;
  }

  /**
   * Analyses a frame to its end.
   * @returns whether something that it follows moves, or moved within seconds
   * @throws AppError as `infer` does, and `unprocessable` where regions of the stream are outside of its picture; then nothing was told
   */
  async analyse(frame: AnalysedFrame, stream: AssignedStream, signal: AbortSignal): Promise<{ isActive: boolean }> {
    const area = (this.area = AnalysedArea.of(stream, frame.picture));
    if (area.problem !== null) throw new AppError('unprocessable', area.problem);
    const motion = area.motionOf(frame.motion);
    const tracks = (this.last?.tracks ?? []).map((track) => ({ ...track, box: area.toRoi(track.box) }));
    const look = this.scene.plan(area.motionInRoi(motion), area.size, tracks);
    const held = look ? undefined : this.asked;
    const asked = held ?? (await this.ask({ frame, area, look: look ?? wholeLook([]), stream, signal }));
    const result = this.follow({ ...frame, motion }, { area, objects: this.scene.objects });
    this.tell(result, asked, { isHeld: held !== undefined });
    this.count(result, look);
    const isStill = motion?.regions.length === 0;
    return { isActive: result.tracks.some(({ stationary, trackId }) => !stationary && (!isStill || this.observer.hasMoved(trackId))) };
  }

  /**
   * Tells once more what stands in the picture, of now, while no frame comes because nothing moves. It costs no detector.
   * @returns false when nothing stands there, or nothing is known
   */
  again(): boolean {
    const { area, asked, last, parts } = this;
    if (!area || !asked || !last || last.tracks.length === 0 || this.scene.objects.length === 0) return false;
    const now = { capturedAtMs: parts.clock.wallMs(), monotonicMs: parts.clock.monotonicMs() };
    // Without a look nothing is confirmed: what was seen once would be a person for having been told of twice.
    const followed = last.tracks.filter(({ hits }) => hits > 1);
    const objects = this.scene.objects.filter(
      ({ box, isConfirmed }) => isConfirmed || followed.some((track) => iou(track.box, area.toPicture(box)) > sameIou),
    );
    this.tell(this.follow({ ...last.frame, ...now, motion: { share: 0, regions: [] } }, { area, objects }), asked, { isHeld: true });
    return true;
  }

  /** What is known of a frame that could not be analysed: what moves on it. Undefined: not even that, or not where to look. */
  unanswered(frame: AnalysedFrame): FrameResult | undefined {
    const { area } = this;
    if (!area || area.problem !== null || !frame.motion) return undefined;
    const picture = { w: frame.picture.width, h: frame.picture.height };
    return { frame, picture, tracks: [], found: [], motion: area.motionOf(frame.motion) };
  }

  /** The next frame needs an adapter, moving or not. */
  forget(): void {
    this.scene.forget();
  }

  private async ask(options: {
    frame: AnalysedFrame;
    area: AnalysedArea;
    look: Look;
    stream: AssignedStream;
    signal: AbortSignal;
  }): Promise<Asked> {
    const { area, frame, signal, stream } = options;
    const { analytics, dispatcher, lane, timeoutMs } = this.parts;
    // Places of a picture that has to shrink to fit are no longer those of the frame.
    const isShrunk = frame.picture.bytes.length > inlinePictureBytesMax;
    const look = isShrunk ? { ...options.look, regions: undefined } : options.look;
    const regions = isShrunk ? undefined : regionsOf(look, area);
    const picture = await fitPicture(frame.picture.bytes);
    const labels = analytics.labels;
    this.counted.asked++;
    this.counted.regionsAsked += regions?.length ?? 1;
    const found = await dispatcher.infer({
      // Persons alone may have a model of their own.
      ...(labels.length > 1 ? { capability: 'object_detection', labels: [...labels] } : { capability: 'person_detection' }),
      lane,
      source: stream.frames_name,
      picture,
      regions,
      minConfidence: defaultByteTrackerOptions.lowScore,
      timeoutMs,
      signal,
    });
    this.scene.take(look, answerOf(found, { labels, picture: frame.picture, area }));
    this.asked = { labels, model: found.model };
    return this.asked;
  }

  private follow(frame: AnalysedFrame, seen: { area: AnalysedArea; objects: readonly SeenObject[] }): FrameResult {
    const { area } = seen;
    const objects = seen.objects.map((object) => ({ ...object, box: area.toPicture(object.box) })).filter(({ box }) => area.counts(box));
    this.fit(frame.picture);
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

  /** What is followed goes on where a camera's picture gets another size: another of its streams is taken, or somebody set it up anew. */
  private fit({ height, width }: PictureSize): void {
    const former = this.last?.picture;
    if (!former || (former.w === width && former.h === height)) return;
    this.tracker.rescale(width / former.w, height / former.h);
    this.observer.rescale(width / former.w, height / former.h);
  }

  /** @param isHeld the answer is of an earlier frame: no model looked at this one, but what stands there is what one found */
  private tell(result: FrameResult, { model }: Asked, { isHeld }: { isHeld: boolean }): void {
    const { analytics, events, results } = this.parts;
    const finder = isHeld && result.tracks.length === 0 ? undefined : model;
    results.publish(result, { results: analytics.update({ result, model }), model: finder });
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

/** In pixels of the picture; undefined: all of it, once. */
function regionsOf({ regions }: Look, area: AnalysedArea): BoxLtwh[] | undefined {
  const boxes = regions?.map(({ box }) => area.toPicture(box)) ?? (area.isWhole ? undefined : [area.roi]);
  return boxes?.map(({ x1, x2, y1, y2 }) => [x1, y1, x2 - x1, y2 - y1]);
}

/** What an adapter found, in pixels of the roi: it may have got a smaller picture, and may know no regions. */
function answerOf(
  { detections, model_input: input, picture }: InferenceResult,
  { area, labels, picture: { height, width } }: { area: AnalysedArea; labels: readonly string[]; picture: PictureSize },
): LookAnswer {
  const found = detections.flatMap(({ bbox: [left, top, boxWidth, boxHeight], confidence, label, region }) => {
    if (!labels.includes(label)) return [];
    const box = scaleBox(xyxyFromLtwh({ left, top, width: boxWidth, height: boxHeight }), width / picture.w, height / picture.h);
    return region !== undefined || area.isInRoi(box) ? [{ box: area.toRoi(box), score: confidence, label, region }] : [];
  });
  return { found, picture: area.size, input: input && { width: input.w, height: input.h } };
}
