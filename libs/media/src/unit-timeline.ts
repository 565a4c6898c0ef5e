import type { Clock } from '@nightjar/runtime';
import { SteadyTimes } from './steady-times.js';
import type { SplitUnit, UnitCodec } from './unit-splitter.js';

/** One encoded access unit of a camera, with parameter sets in front of each key frame. */
export interface Unit {
  /** Counts from 0 on each connection, without holes. */
  readonly sequence: number;
  readonly codec: UnitCodec;
  /** Annex B byte stream. */
  readonly bytes: Buffer;
  /** Whether a decoder can start here. */
  readonly isKey: boolean;
  /** When it is shown, on the camera's clock laid onto ours: exact among neighbours, and on the whole as the units arrive. */
  readonly ptsMs: number;
  /** Unix ms of its arrival. */
  readonly arrivedUnixMs: number;
  /** The same moment on the clock that never jumps. */
  readonly arrivedMonotonicMs: number;
}

/** RTP clock of H.264 and HEVC. */
const clockHz = 90_000;
/** Further off than this, the camera's clock is drawn to ours … */
const driftMsMax = 1_000;
/** … by so much a unit, which nobody sees. */
const drawnMs = 1;

/**
 * Lays the times of units onto our clock: by their own clock among each other, by their arrival on the whole. A camera whose clock is
 * set, and units that come late and then at once, make no jump.
 */
export class UnitTimeline {
  private readonly times = new SteadyTimes(clockHz);
  private sequence = 0;
  private offsetMs: number | undefined;
  private lastPts90k: number | undefined;

  constructor(private readonly clock: Clock) {}

  place({ bytes, codec, isKey, pts90k }: SplitUnit): Unit {
    const arrivedMonotonicMs = this.clock.monotonicMs();
    const step = pts90k - (this.lastPts90k ?? pts90k);
    this.lastPts90k = pts90k;
    const mediaMs = ((pts90k + this.times.take(step, arrivedMonotonicMs)) * 1_000) / clockHz;
    this.offsetMs ??= arrivedMonotonicMs - mediaMs;
    const aheadMs = mediaMs + this.offsetMs - arrivedMonotonicMs;
    // Parts of one picture stay together.
    if (step !== 0 && Math.abs(aheadMs) > driftMsMax) this.offsetMs -= Math.sign(aheadMs) * drawnMs;
    const ptsMs = mediaMs + this.offsetMs;
    return { sequence: this.sequence++, codec, bytes, isKey, ptsMs, arrivedUnixMs: this.clock.wallMs(), arrivedMonotonicMs };
  }
}
