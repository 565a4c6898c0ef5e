import type { BoxXyxy } from '@nightjar/geometry';

/** Brightness of a small version of a picture: one byte a pixel, row by row. */
export interface LumaPlane {
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly luma: Uint8Array;
}

/** The size that the numbers below were chosen for: a person 60 pixels high at 1080p is six pixels here. */
export const motionPlane = { widthPixels: 176, heightPixels: 100 } as const;

interface MotionReading {
  /** Share of the picture that moves, 0..1. */
  readonly score: number;
  /** Where, in pixels of the plane, the largest first; none: nothing moves. */
  readonly regions: readonly BoxXyxy[];
  /** The picture was taken as the new background, and says nothing of motion: it is the first, or all of it changed at once. */
  readonly calibrating: boolean;
}

/** Brightness levels that noise and shadows of clouds do not reach. */
const changedLevels = 25;
/** More of the picture than this does not move, it is lit: lightning, a switched lamp, night mode. */
const litShare = 0.8;
/** Side of the cells by which changed pixels find together. */
const cellPixels = 4;
/** Fewer changed pixels together are noise. */
const regionPixelsMin = 8;
const regionsMax = 16;
/** How fast the background follows what changes slowly. */
const backgroundMs = 10_000;
/** How fast it takes in what changed at once and stays: a car that was parked is background after a few minutes. */
const changedBackgroundMs = 60_000;

/**
 * What a camera shows when nothing moves: a running average of its pictures, one state a session. States: without a background,
 * and with one; a picture of another size, or one that is lit differently as a whole, makes a new background.
 * A change of the whole picture's brightness (a cloud, the camera's exposure) is no motion.
 */
export class MotionBackground {
  private background: Float32Array | undefined;
  private seenMs = 0;

  /** @param nowMs monotonic; how long ago the last picture was decides how much the background follows this one */
  update(plane: LumaPlane, nowMs: number): MotionReading {
    const { background } = this;
    const elapsedMs = nowMs - this.seenMs;
    this.seenMs = nowMs;
    const differences = background?.length === plane.luma.length ? differencesOf(background, plane.luma) : undefined;
    if (!background || !differences || isLit(differences)) {
      this.background = Float32Array.from(plane.luma);
      return { score: 0, regions: [], calibrating: true };
    }
    const changed = changedPixels(differences);
    follow(background, { differences, changed, elapsedMs });
    return { ...new ChangedCells(plane, changed).regions(), calibrating: false };
  }
}

/** How much brighter each pixel became. */
function differencesOf(background: Float32Array, luma: Uint8Array): Float32Array {
  const differences = new Float32Array(luma.length);
  for (let index = 0; index < luma.length; index++) differences[index] = luma[index]! - background[index]!;
  return differences;
}

function isLit(differences: Float32Array): boolean {
  let count = 0;
  for (let index = 0; index < differences.length; index++) if (isBeyond(differences[index]!)) count++;
  return count > differences.length * litShare;
}

/** 1 where the brightness changed more than that of the picture as a whole. */
function changedPixels(differences: Float32Array): Uint8Array {
  const shift = medianOf(differences);
  const changed = new Uint8Array(differences.length);
  for (let index = 0; index < changed.length; index++) if (isBeyond(differences[index]! - shift)) changed[index] = 1;
  return changed;
}

function isBeyond(difference: number): boolean {
  return difference > changedLevels || difference < -changedLevels;
}

/** To a whole level. */
function medianOf(differences: Float32Array): number {
  const counts = new Uint32Array(511);
  for (let index = 0; index < differences.length; index++) counts[(differences[index]! + 255.5) | 0]!++;
  let seen = 0;
  return counts.findIndex((count) => (seen += count) * 2 >= differences.length) - 255;
}

function follow(background: Float32Array, options: { differences: Float32Array; changed: Uint8Array; elapsedMs: number }): void {
  const { differences, changed, elapsedMs } = options;
  const share = 1 - Math.exp(-elapsedMs / backgroundMs);
  const shareOfChanged = 1 - Math.exp(-elapsedMs / changedBackgroundMs);
  for (let index = 0; index < background.length; index++) {
    const followed = changed[index] === 1 ? shareOfChanged : share;
    background[index] = background[index]! + differences[index]! * followed;
  }
}

interface Region {
  pixels: number;
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

/** Changed pixels by cell; cells that touch, also at a corner, belong together. */
class ChangedCells {
  private readonly columns: number;
  private readonly cells = new Map<number, Region>();
  private readonly size: number;

  constructor({ widthPixels, heightPixels }: LumaPlane, changed: Uint8Array) {
    this.columns = Math.ceil(widthPixels / cellPixels);
    this.size = widthPixels * heightPixels;
    for (let index = changed.indexOf(1); index !== -1; index = changed.indexOf(1, index + 1)) {
      const x = index % widthPixels;
      const y = (index - x) / widthPixels;
      this.add(x, y);
    }
  }

  regions(): Pick<MotionReading, 'score' | 'regions'> {
    const found: Region[] = [];
    for (const key of [...this.cells.keys()]) {
      const region = this.takeRegion(key);
      if (region && region.pixels >= regionPixelsMin) found.push(region);
    }
    found.sort((a, b) => b.pixels - a.pixels);
    const pixels = found.reduce((sum, region) => sum + region.pixels, 0);
    return { score: pixels / this.size, regions: found.slice(0, regionsMax).map(({ x1, y1, x2, y2 }) => ({ x1, y1, x2, y2 })) };
  }

  private add(x: number, y: number): void {
    const key = Math.floor(y / cellPixels) * this.columns + Math.floor(x / cellPixels);
    const cell = this.cells.get(key);
    const pixel = { pixels: 1, x1: x, y1: y, x2: x + 1, y2: y + 1 };
    if (cell) join(cell, pixel);
    else this.cells.set(key, pixel);
  }

  /** Takes a cell and all that hangs together with it; undefined when it was taken before. */
  private takeRegion(first: number): Region | undefined {
    const region = this.take(first);
    if (!region) return undefined;
    const reached = [first];
    for (let key = reached.pop(); key !== undefined; key = reached.pop()) {
      for (const neighbour of this.neighboursOf(key)) {
        const cell = this.take(neighbour);
        if (!cell) continue;
        join(region, cell);
        reached.push(neighbour);
      }
    }
    return region;
  }

  private take(key: number): Region | undefined {
    const cell = this.cells.get(key);
    this.cells.delete(key);
    return cell;
  }

  private neighboursOf(key: number): number[] {
    const column = key % this.columns;
    const columns = [column - 1, column, column + 1].filter((value) => value >= 0 && value < this.columns);
    return [-1, 0, 1].flatMap((row) => columns.map((value) => key - column + row * this.columns + value));
  }
}

/** Makes a region hold another one too. */
function join(region: Region, other: Region): void {
  region.pixels += other.pixels;
  region.x1 = Math.min(region.x1, other.x1);
  region.y1 = Math.min(region.y1, other.y1);
  region.x2 = Math.max(region.x2, other.x2);
  region.y2 = Math.max(region.y2, other.y2);
}
