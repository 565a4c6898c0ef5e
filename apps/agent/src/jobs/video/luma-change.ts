import type { LumaPlane } from '@nightjar/media';

const bins = 32;
const binShift = 3;

/** A luma plane with its brightness histogram, so that each plane is counted once. */
export interface MeasuredPlane {
  readonly plane: LumaPlane;
  /** Pixels in each of 32 equal steps of brightness. */
  readonly histogram: Uint32Array;
}

export function measurePlane(plane: LumaPlane): MeasuredPlane {
  const histogram = new Uint32Array(bins);
  for (const pixel of plane.pixels) histogram[pixel >> binShift]! += 1;
  return { plane, histogram };
}

/** Mean absolute difference of two planes of one size, as a share of full brightness: 0 equal, 1 black against white. */
export function meanAbsoluteDifference(a: LumaPlane, b: LumaPlane): number {
  const count = Math.min(a.pixels.length, b.pixels.length);
  if (count === 0) return 0;
  let sum = 0;
  for (let at = 0; at < count; at++) sum += Math.abs((a.pixels[at] ?? 0) - (b.pixels[at] ?? 0));
  return sum / count / 255;
}

/** Share of the pixels that changed their step of brightness, wherever they are: half the L1 distance of the histograms, 0..1. */
export function histogramDistance(a: MeasuredPlane, b: MeasuredPlane): number {
  const count = a.plane.pixels.length;
  if (count === 0) return 0;
  let sum = 0;
  for (let bin = 0; bin < bins; bin++) sum += Math.abs((a.histogram[bin] ?? 0) - (b.histogram[bin] ?? 0));
  return sum / (2 * count);
}
