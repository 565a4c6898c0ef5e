import type { DecodedUnit, FfmpegBinary, HardwareDecoder, Rotation, Unit } from '@nightjar/media';
import { UnitDecoder } from '@nightjar/media';
import { AppError, type Clock, type Logger } from '@nightjar/runtime';
import { MotionDetector, type MotionObservation, type MotionVerdict } from '../sampling/motion-detector.js';
import type { Separation, UnitWatcher } from '../sampling/unit-watcher.js';
import type { DecodePolicy, DecodeReason, DecodeState } from './decode-policy.js';
import { RecentUnits } from './recent-units.js';

/** What is decoded of a camera just now, and why: for logs, metrics and people. */
export interface DecodeStatus {
  state: DecodeState;
  reason: DecodeReason;
  /** Whether sizes of units alone tell motion. */
  separation: Separation;
  /** What the last decoded picture showed; undefined: there was none yet. */
  motion: MotionVerdict | undefined;
  /** Share of the picture that never rests, as a burnt-in clock does, and counts as no motion. */
  restlessShare: number;
  units: number;
  pictures: number;
  /** Units that a decoder that was too slow did not get. */
  unitsDropped: number;
  /** Undefined before the first unit. */
  codec: Unit['codec'] | undefined;
  /** Where pictures are decoded; undefined: on the CPU. */
  hardware: HardwareDecoder | undefined;
}

interface WatchedStreamParts {
  ffmpeg: FfmpegBinary;
  hardware: HardwareDecoder | undefined;
  rotation: Rotation | undefined;
  picturesPerSecond: number;
  policy: DecodePolicy;
  /** Outlives a connection: what is usual for a camera is so after it was away. */
  watcher: UnitWatcher;
  clock: Clock;
  logger: Logger;
  onPicture: (picture: DecodedUnit, observed: MotionObservation) => void;
  /** The decision changed. */
  onDecision: () => void;
  /** No decoder works: the connection is of no use. */
  onFailure: (error: AppError) => void;
}

/** Key frames in idle are not looked at more often than this; where sizes tell motion, they are only the second look. */
const idleLookMs = 1_000;
const idleLookSeparatedMs = 4_000;
/** What happened before a wake-up is shown from this long ago on; older units are only decoded. */
const shownBacklogMs = 2_000;
/** A network that got slower is believed little by little, by so much a unit: too early a look costs less than one too late. */
const lagDriftMs = 0.5;
/** Decoders that end one after the other without a picture, before the connection is given up. */
const barrenDecodersMax = 3;

/**
 * One connection to a camera: takes its units and feeds a decoder with as many as the policy says. Waking up costs no new
 * connection: the units since the last key frame are at hand.
 */
export class WatchedStream {
  private readonly recent = new RecentUnits();
  private readonly motion = new MotionDetector();
  private readonly stopping = new AbortController();
  private decoder: UnitDecoder | undefined;
  private fedSequence: number | undefined;
  /** The decoder was too slow: it goes on with the next key frame. */
  private waitsForKey = false;
  private tail = 0;
  private lookedAtMs = Number.NEGATIVE_INFINITY;
  private newestPtsMs = Number.NEGATIVE_INFINITY;
  private reorders = false;
  /** From the time of a unit to its arrival, as far as it was not read late. */
  private lagMs = Infinity;
  /** Between the times of the last two units. */
  private unitEveryMs = 1;
  private codec: Unit['codec'] | undefined;
  private barrenDecoders = 0;
  private lastVerdict: MotionVerdict | undefined;
  private hardware: HardwareDecoder | undefined;
  private units = 0;
  private pictures = 0;
  private unitsDropped = 0;

  constructor(private readonly parts: WatchedStreamParts) {
    this.hardware = parts.hardware;
    parts.watcher.skip();
  }

  get status(): DecodeStatus {
    const { policy, watcher } = this.parts;
    const { codec, hardware, lastVerdict: motion, pictures, units, unitsDropped } = this;
    const { restlessShare } = this.motion;
    return { ...policy.current, separation: watcher.separation, motion, restlessShare, units, pictures, unitsDropped, codec, hardware };
  }

  /**
   * When the unit arrives that makes the next picture, on the clock that never jumps; 0: that may be any, or one that was fed needs those
   * behind it.
   */
  get pictureDueMs(): number {
    const dueMs = this.decoder?.pictureDueMs;
    if (dueMs === undefined) return 0;
    if (this.reorders) return dueMs + this.lagMs;
    // The first unit at that moment or behind it; their times are rounded.
    const units = Math.max(0, Math.ceil((dueMs - this.newestPtsMs - 1) / this.unitEveryMs));
    return this.newestPtsMs + units * this.unitEveryMs + this.lagMs;
  }

  /** Takes the next unit of the camera. */
  take(unit: Unit): void {
    const { policy, watcher } = this.parts;
    const nowMs = unit.arrivedMonotonicMs;
    if (this.units++ === 0 && policy.connected(nowMs)) this.parts.onDecision();
    this.notice(unit);
    this.recent.push(unit);
    if (watcher.observe({ bytes: unit.bytes.length, isKey: unit.isKey }, nowMs) && policy.happens('unit_jump', nowMs))
      this.parts.onDecision();
    if (policy.tick(nowMs)) {
      if (policy.current.reason === 'false_jump') watcher.sawFalseJump(nowMs);
      this.parts.onDecision();
    }
    if (unit.isKey) this.waitsForKey = false;
    if (policy.current.state !== 'active') this.feedForALook(unit, nowMs);
    else if (this.waitsForKey) this.unitsDropped++;
    else if (this.fedSequence === unit.sequence - 1) this.feed(unit, true);
    else this.catchUp();
  }

  /** Ends the decoder. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.decoder?.stop();
  }

  /** What a decoder has to know of a stream: its codec, and whether frames come in another order than they are shown. */
  private notice(unit: Unit): void {
    const reorders = this.reorders || unit.ptsMs < this.newestPtsMs;
    if (unit.codec !== this.codec || reorders !== this.reorders) this.dropDecoder();
    this.codec = unit.codec;
    this.reorders = reorders;
    const stepMs = unit.ptsMs - this.newestPtsMs;
    if (stepMs >= 1 && stepMs < 1_000) this.unitEveryMs = stepMs;
    this.lagMs = Math.min(unit.arrivedMonotonicMs - unit.ptsMs, this.lagMs + lagDriftMs);
    this.newestPtsMs = Math.max(unit.ptsMs, Number.isFinite(this.newestPtsMs) ? this.newestPtsMs : unit.ptsMs);
    // A clock that was set back is no reordering for ever.
    if (this.newestPtsMs - unit.ptsMs > 1_000) this.newestPtsMs = unit.ptsMs;
  }

  /** Feeds what a decoder needs to show what is on just now: the rest of the group of pictures that it has begun, or all of it. */
  private catchUp(): void {
    // What it would be fed with was counted when it came.
    if (this.waitsForKey) return;
    const showFromMs = this.newestPtsMs - shownBacklogMs;
    for (const next of this.recent.after(this.fedSequence)) this.feed(next, next.ptsMs >= showFromMs);
  }

  private feedForALook(unit: Unit, nowMs: number): void {
    const everyMs = this.parts.watcher.separation === 'separates' ? idleLookSeparatedMs : idleLookMs;
    if (unit.isKey && nowMs - this.lookedAtMs >= everyMs) {
      this.tail = this.reorders ? UnitDecoder.reorderedUnits : 0;
      this.feed(unit, true);
    } else if (this.tail > 0 && this.fedSequence === unit.sequence - 1) {
      this.tail--;
      this.feed(unit, true);
    }
  }

  private feed(unit: Unit, shown: boolean): void {
    // A unit that was left out spoils those that follow it.
    if (!this.waitsForKey && (this.decoder ??= this.startDecoder(unit.codec)).feed(unit, { shown })) {
      this.fedSequence = unit.sequence;
      this.lookedAtMs = unit.arrivedMonotonicMs;
      return;
    }
    this.waitsForKey = true;
    this.fedSequence = undefined;
    this.unitsDropped++;
  }

  private startDecoder(codec: Unit['codec']): UnitDecoder {
    const { ffmpeg, picturesPerSecond, rotation, logger } = this.parts;
    const { hardware, reorders } = this;
    const decoder: UnitDecoder = new UnitDecoder({
      ffmpeg,
      codec,
      hardware,
      reorders,
      picturesPerSecond,
      rotation,
      signal: this.stopping.signal,
      onPicture: (picture) => this.show(picture),
    });
    decoder.exited.then(
      ({ stderrTail, stopped }) => {
        if (stopped !== undefined || this.decoder !== decoder) return;
        logger.warn('a decoder ended', { reason: stderrTail, hardware: hardware ?? 'none' });
        this.dropDecoder();
        this.countBarren(decoder.pictures);
      },
      () => this.parts.onFailure(new AppError('unavailable', 'FFmpeg does not start')),
    );
    return decoder;
  }

  private countBarren(pictures: number): void {
    if (pictures > 0) this.barrenDecoders = 0;
    else if (this.hardware !== undefined) {
      this.parts.logger.warn('the camera is decoded without hardware: its decoder gave no picture', { hardware: this.hardware });
      this.hardware = undefined;
    } else if (++this.barrenDecoders >= barrenDecodersMax)
      this.parts.onFailure(new AppError('unavailable', 'the video of the camera cannot be decoded', { retryAfterMs: 1_000 }));
  }

  private dropDecoder(): void {
    const { decoder } = this;
    this.decoder = undefined;
    this.fedSequence = undefined;
    void decoder?.stop();
  }

  private show(picture: DecodedUnit): void {
    const { clock, policy, watcher } = this.parts;
    const nowMs = clock.monotonicMs();
    const observed = this.motion.observe(picture.luma, picture.unit.ptsMs);
    this.pictures++;
    this.lastVerdict = observed.verdict;
    if (observed.verdict === 'moving') watcher.sawMotion(nowMs);
    else if (observed.verdict === 'quiet') watcher.sawQuiet(nowMs);
    else watcher.skip();
    const woke =
      (observed.verdict === 'moving' && policy.happens('motion', nowMs)) ||
      (observed.verdict === 'lighting' && policy.happens('lighting', nowMs));
    this.parts.onPicture(picture, observed);
    if (!woke) return;
    this.parts.onDecision();
    this.catchUp();
  }
}
