import type { Clock } from '@nightjar/runtime';
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
  /** When it is shown, on the camera's clock laid onto ours: exact among neighbours, and never far from the arrival. */
  readonly ptsMs: number;
  /** Unix ms of its arrival. */
  readonly arrivedUnixMs: number;
  /** The same moment on the clock that never jumps. */
  readonly arrivedMonotonicMs: number;
}

/** A camera's clock that is further off than this was set anew, or the network held its units back. */
const driftMaxMs = 5_000;

/** Lays the times of units onto our clock: by their own clock among each other, by their arrival on the whole. */
export class UnitTimeline {
  private sequence = 0;
  private offsetMs: number | undefined;

  constructor(private readonly clock: Clock) {}

  place(unit: SplitUnit): Unit {
    const arrivedMonotonicMs = this.clock.monotonicMs();
    const mediaMs = unit.pts90k / 90;
    this.offsetMs ??= arrivedMonotonicMs - mediaMs;
    if (Math.abs(mediaMs + this.offsetMs - arrivedMonotonicMs) > driftMaxMs) this.offsetMs = arrivedMonotonicMs - mediaMs;
    const { codec, bytes, isKey } = unit;
    const ptsMs = mediaMs + this.offsetMs;
    return { sequence: this.sequence++, codec, bytes, isKey, ptsMs, arrivedUnixMs: this.clock.wallMs(), arrivedMonotonicMs };
  }
}
