import type { LumaPlane } from '@nightjar/media';
import type { FrameMotion } from '../analytics/frame-result.js';
import { motionRegions } from './motion-regions.js';

/** Why a frame says nothing about motion, or what it says. */
export type MotionVerdict = 'calibrating' | 'lighting' | 'quiet' | 'moving';

export interface MotionObservation {
  verdict: MotionVerdict;
  motion: FrameMotion;
}

/** Brightness is kept in parts of a level of 255. */
const partsOfLevel = 256;
/** Weights and shares are whole numbers too: 16 bits, so that a product with a difference of brightness fits into 31. */
const wholeShare = 65_535;
/** Difference of brightness that is more than noise. */
const thresholdMin = 18 * partsOfLevel;
/** So many times what a pixel usually differs by is more than noise. */
const noiseTimes = 4;
/** What stays where it is becomes background in about this time, however many frames there are. */
const backgroundMs = 25_000;
/** Whoever stands in one key frame of a long group of pictures is not the room yet. */
const backgroundWeightMax = 0.15;
const calibrationWeight = 0.3;
const noiseWeight = weightOf(0.05);
/** What differs by more moved, even while the noise is learned. */
const noiseMax = 12 * partsOfLevel;
const noiseAtFirst = 3 * partsOfLevel;
const calibrationFrames = 4;
/** A calibration ends after so many frames whatever moves: it must never last. */
const calibrationFramesMax = 40;
/** More of the picture than an object covers: somebody turned the light on, or the camera switched to night. */
const lightingShare = 0.8;
/** A calibration is over when less than this moves. */
const calmShare = 0.05;
/** Changed pixels with fewer changed neighbours (of eight) are noise. */
const neighboursMin = 3;
/** Changed pixels without which nothing moved: a person of a tenth of the picture's height has some 30. */
const pixelsMin = 8;
/** A pixel that changes in this share of the frames never rests: a clock that is burnt in, a flag. */
const restlessFrom = Math.round(0.85 * wholeShare);
const restlessWeight = weightOf(0.01);

/**
 * Sees what moves between the frames of one camera, on small luma planes: each pixel against a running average of itself and its own
 * usual noise. A change of light calibrates it anew; what always moves is learned and no longer counts. It looks at each pixel once, in whole
numbers of 16 bits: at two frames a second nothing of it is in a cache any more, and what it takes is the memory that it reads.
 */
export class MotionDetector {
  private background: Uint16Array | undefined;
  private noise = new Uint16Array();
  /** Share of the frames in which a pixel changed. */
  private restless = new Uint16Array();
  private changed = new Uint8Array();
  private calibratedFrames = 0;
  private calibrating = true;
  private observedAtMs = 0;

  /** Share of the picture that never rests and counts as no motion: a clock that is burnt in, a flag. */
  get restlessShare(): number {
    const { restless } = this;
    let count = 0;
    for (const often of restless) if (often > restlessFrom) count++;
    return count / Math.max(1, restless.length);
  }

  /** Takes the next plane, of a moment on the clock that never jumps; planes of another size begin anew. */
  observe(plane: LumaPlane, atMs: number): MotionObservation {
    const { background } = this;
    const elapsedMs = Math.max(0, atMs - this.observedAtMs);
    this.observedAtMs = atMs;
    if (background?.length !== plane.pixels.length) {
      this.begin(plane);
      return { verdict: 'calibrating', motion: { share: 0, regions: [] } };
    }
    const wasCalibrating = this.calibrating;
    const weight = wasCalibrating ? calibrationWeight : Math.min(backgroundWeightMax, elapsedMs / backgroundMs);
    const changedShare = this.compare(plane, background, weightOf(weight));
    if (changedShare > lightingShare) {
      this.begin(plane);
      return { verdict: 'lighting', motion: { share: changedShare, regions: [] } };
    }
    if (!wasCalibrating) return this.judge(plane);
    this.calibrate(changedShare);
    return { verdict: 'calibrating', motion: { share: 0, regions: [] } };
  }

  private begin({ pixels }: LumaPlane): void {
    const kept = this.restless.length === pixels.length;
    this.background = Uint16Array.from(pixels, (level) => level * partsOfLevel);
    this.noise = new Uint16Array(pixels.length).fill(noiseAtFirst);
    // What never rests does so by any light.
    if (!kept) this.restless = new Uint16Array(pixels.length);
    this.changed = new Uint8Array(pixels.length);
    this.calibratedFrames = 0;
    this.calibrating = true;
  }

  private calibrate(changedShare: number): void {
    this.calibratedFrames++;
    const isCalm = this.calibratedFrames >= calibrationFrames && changedShare < calmShare;
    if (isCalm || this.calibratedFrames >= calibrationFramesMax) this.calibrating = false;
  }

  /**
   * Marks the pixels that differ, and learns from all of them. Where the light turns out to have changed, what was learned goes with
   * everything else.
   * @returns the share of pixels that differ
   */
  private compare({ pixels }: LumaPlane, background: Uint16Array, weight: number): number {
    const { calibrating, changed, noise, restless } = this;
    let count = 0;
    for (let at = 0; at < pixels.length; at++) {
      const expected = background[at]!;
      const usual = noise[at]!;
      const difference = pixels[at]! * partsOfLevel - expected;
      const size = difference < 0 ? -difference : difference;
      const isChanged = size > thresholdMin && size > usual * noiseTimes ? 1 : 0;
      changed[at] = isChanged;
      count += isChanged;
      background[at] = expected + weighted(difference, weight);
      if (isChanged === 0 || calibrating) noise[at] = usual + weighted((size < noiseMax ? size : noiseMax) - usual, noiseWeight);
      if (calibrating) continue;
      const often = restless[at]!;
      restless[at] = often + weighted((isChanged === 1 ? wholeShare : 0) - often, restlessWeight);
    }
    return count / Math.max(1, pixels.length);
  }

  private judge({ width, height }: LumaPlane): MotionObservation {
    const { changed, restless } = this;
    const mask = new Uint8Array(changed.length);
    let count = 0;
    for (let y = 1; y < height - 1; y++) {
      for (let x = 1; x < width - 1; x++) {
        const at = y * width + x;
        if (changed[at] === 0 || restless[at]! > restlessFrom) continue;
        const above = at - width;
        const below = at + width;
        const neighbours =
          changed[above - 1]! +
          changed[above]! +
          changed[above + 1]! +
          changed[at - 1]! +
          changed[at + 1]! +
          changed[below - 1]! +
          changed[below]! +
          changed[below + 1]!;
        if (neighbours < neighboursMin) continue;
        mask[at] = 1;
        count++;
      }
    }
    if (count < pixelsMin) return { verdict: 'quiet', motion: { share: 0, regions: [] } };
    const regions = motionRegions(mask, { width, height });
    return { verdict: regions.length === 0 ? 'quiet' : 'moving', motion: { share: count / mask.length, regions } };
  }
}

/** A weight of 0..1 as a whole number. At most half: with more, `weighted` would leave 31 bits. */
function weightOf(weight: number): number {
  return Math.round(Math.min(0.5, weight) * (wholeShare + 1));
}

/** A weight's share of a difference of at most 65,535, rounded. */
function weighted(difference: number, weight: number): number {
  return (difference * weight + ((wholeShare + 1) >> 1)) >> 16;
}
