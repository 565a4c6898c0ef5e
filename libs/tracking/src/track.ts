import type { BoxXyxy } from '@nightjar/geometry';
import { ConstantVelocityFilter } from './constant-velocity-filter.js';

// ByteTrack's figures: deviations as a share of the object's height, per frame of a 30 fps video.
const positionShare = 1 / 20;
const velocityShare = 1 / 160;
const aspectDeviation = 1e-2;
const aspectVelocityDeviation = 1e-5;
const aspectMeasurementDeviation = 1e-1;
/** A new object's place is twice as uncertain as a measured one, its velocity ten times as one frame's noise. */
const initialPositionFactor = 2;
const initialVelocityFactor = 10;
const millisecondsPerFrame = 1000 / 30;
/** Beyond this the motion model says nothing any more: a person who left two seconds ago is not two seconds further on. */
const longestPredictionMs = 2_000;
const smallestHeight = 1e-3;

/** One object followed over the frames of one source: where it is, and where it will be. */
export class Track {
  private readonly centreX: ConstantVelocityFilter;
  private readonly centreY: ConstantVelocityFilter;
  /** Width by height. */
  private readonly aspect: ConstantVelocityFilter;
  private readonly height: ConstantVelocityFilter;
  private predictedAtMs: number;
  readonly bornAtMs: number;
  private lastSeen: number;
  private lastFrame: number;
  private seenFrames = 1;

  constructor(
    readonly id: number,
    readonly label: string,
    box: BoxXyxy,
    born: { atMs: number; frame: number },
  ) {
    const measured = measurementOf(box);
    const initial = {
      positionDeviation: initialPositionFactor * positionShare * measured.height,
      velocityDeviation: initialVelocityFactor * velocityShare * measured.height,
    };
    this.centreX = new ConstantVelocityFilter(measured.x, initial);
    this.centreY = new ConstantVelocityFilter(measured.y, initial);
    this.height = new ConstantVelocityFilter(measured.height, initial);
    this.aspect = new ConstantVelocityFilter(measured.aspect, {
      positionDeviation: aspectDeviation,
      velocityDeviation: aspectVelocityDeviation,
    });
    this.bornAtMs = born.atMs;
    this.predictedAtMs = born.atMs;
    this.lastSeen = born.atMs;
    this.lastFrame = born.frame;
  }

  get lastSeenAtMs(): number {
    return this.lastSeen;
  }

  /** Number of the frame on which it was last detected, as counted by the tracker. */
  get lastSeenFrame(): number {
    return this.lastFrame;
  }

  /** On how many frames it was detected. */
  get hits(): number {
    return this.seenFrames;
  }

  /** Where the object is believed to be, at the moment of the last `predict` or `update`. */
  get box(): BoxXyxy {
    const height = Math.max(this.height.position, smallestHeight);
    const halfWidth = (Math.max(this.aspect.position, 0) * height) / 2;
    const x = this.centreX.position;
    const y = this.centreY.position;
    return { x1: x - halfWidth, y1: y - height / 2, x2: x + halfWidth, y2: y + height / 2 };
  }

  /** Moves the belief to `atMs`. An earlier moment than the last one counts as the same moment. */
  predict(atMs: number): void {
    const elapsedMs = Math.min(Math.max(atMs - this.predictedAtMs, 0), longestPredictionMs);
    this.predictedAtMs = Math.max(atMs, this.predictedAtMs);
    if (elapsedMs === 0) return;
    const frames = elapsedMs / millisecondsPerFrame;
    const noise = this.noise();
    this.centreX.predict(frames, noise);
    this.centreY.predict(frames, noise);
    this.height.predict(frames, noise);
    this.aspect.predict(frames, { positionDeviation: aspectDeviation, velocityDeviation: aspectVelocityDeviation });
  }

  /** Takes the detection that was found to be this object on the current frame. */
  update(box: BoxXyxy, seen: { atMs: number; frame: number }): void {
    const measured = measurementOf(box);
    const deviation = this.noise().positionDeviation;
    this.centreX.update(measured.x, deviation);
    this.centreY.update(measured.y, deviation);
    this.height.update(measured.height, deviation);
    this.aspect.update(measured.aspect, aspectMeasurementDeviation);
    this.lastSeen = Math.max(seen.atMs, this.lastSeen);
    this.lastFrame = seen.frame;
    this.seenFrames++;
  }

  /** Not seen on this frame: it may go on walking, but must not go on growing or shrinking. */
  markUnseen(): void {
    this.height.stop();
  }

  /** The pictures have another size from now on. */
  rescale(scaleX: number, scaleY: number): void {
    this.centreX.rescale(scaleX);
    this.centreY.rescale(scaleY);
    this.height.rescale(scaleY);
    this.aspect.rescale(scaleX / scaleY);
  }

  private noise(): { positionDeviation: number; velocityDeviation: number } {
    const height = Math.max(this.height.position, smallestHeight);
    return { positionDeviation: positionShare * height, velocityDeviation: velocityShare * height };
  }
}

function measurementOf(box: BoxXyxy): { x: number; y: number; aspect: number; height: number } {
  const height = Math.max(box.y2 - box.y1, smallestHeight);
  return { x: (box.x1 + box.x2) / 2, y: (box.y1 + box.y2) / 2, aspect: (box.x2 - box.x1) / height, height };
}
