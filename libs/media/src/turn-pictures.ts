import type { PlaneSize } from './luma-plane.js';

/** Degrees, clockwise. */
export type Rotation = 0 | 90 | 180 | 270;

/** Filters that turn what comes out of the one before them, clockwise; empty where nothing is turned. */
export function turningFilters(rotation: Rotation): string {
  return { 0: '', 90: ',transpose=clock', 180: ',hflip,vflip', 270: ',transpose=cclock' }[rotation];
}

/** Size of a picture or plane when it is turned. */
export function turnedSize({ height, width }: PlaneSize, rotation: Rotation): PlaneSize {
  return rotation % 180 === 0 ? { width, height } : { width: height, height: width };
}
