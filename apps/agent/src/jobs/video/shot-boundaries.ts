import type { TimeSegment } from '@nightjar/contracts';
import type { LumaPlane } from '@nightjar/media';
import { histogramDistance, meanAbsoluteDifference, measurePlane, structureDistance, type MeasuredPlane } from './luma-change.js';

/** A cut changes at least this much; a person who walks through the picture changes a tenth of it. */
export const cutChangeMin = 0.22;
/** …and this many times as much as its surroundings do, so that a shaking camera or an explosion is no series of cuts. */
const timesSurroundings = 2.5;
/** Samples on each side that count as surroundings: one second at eight a second. */
const surroundingSamples = 8;
/** A flash of light takes at most this many samples; then the picture is as before. */
const flashSamplesMax = 3;
/** As before: it differs by less than this share of what the flash changed. */
const sameShare = 0.5;
/** Two cuts are at least this many samples apart; of two nearer ones the stronger counts. */
const samplesBetweenCutsMin = 2;
/** A mean brightness change of a third is as much as it gets between two pictures of the real world. */
const pixelWeight = 3;

/**
 * Finds hard cuts in evenly spaced luma planes. The change between two planes is the mean of two measures: how far the
 * brightness histogram moved (blind to motion), and how much the pixels changed or their structure did (sees two scenes of equal
 * brightness). A sample begins a new shot when that change is large, stands out from the second around it, and stays: what lasts
 * at most three samples and leaves the picture as it was before is a flash.
 * Slow dissolves are no cuts. Memory: a few numbers a sample.
 */
export class ShotBoundaryFinder {
  /** `changes[n]`: from sample n - 1 to n. */
  private readonly changes: number[] = [0];
  /** `longChanges[n][k]`: from sample n - 2 - k to n, over a flash. */
  private readonly longChanges: number[][] = [[]];
  /** Newest first. */
  private readonly last: MeasuredPlane[] = [];

  /** @returns how much changed since the sample before, 0..1 */
  push(plane: LumaPlane): number {
    const current = measurePlane(plane);
    const [previous, ...earlier] = this.last;
    const change = previous ? changeBetween(previous, current) : 0;
    if (previous) {
      this.changes.push(change);
      this.longChanges.push(earlier.map((each) => changeBetween(each, current)));
    }
    this.last.unshift(current);
    if (this.last.length > flashSamplesMax + 1) this.last.pop();
    return change;
  }

  /** @returns the index of each sample that begins a new shot, ascending; the first sample is not among them */
  cuts(): number[] {
    const candidates = this.changes.flatMap((change, index) => (this.isCut(change, index) ? [index] : []));
    const kept: number[] = [];
    for (const index of candidates) {
      const previous = kept.at(-1);
      if (previous === undefined || index - previous >= samplesBetweenCutsMin) kept.push(index);
      else if ((this.changes[index] ?? 0) > (this.changes[previous] ?? 0)) kept[kept.length - 1] = index;
    }
    return kept;
  }

  private isCut(change: number, index: number): boolean {
    if (change < cutChangeMin) return false;
    const around = [
      ...this.changes.slice(Math.max(1, index - surroundingSamples), index),
      ...this.changes.slice(index + 1, index + 1 + surroundingSamples),
    ];
    if (change < timesSurroundings * median(around)) return false;
    return !this.isFlash(change, index);
  }

  /** A flash shows twice: on its way in a later sample is as the one before, on its way out the sample is as an earlier one. */
  private isFlash(change: number, index: number): boolean {
    const overFlash = Array.from({ length: flashSamplesMax }, (_unused, skipped) => [
      this.longChanges[index + 1 + skipped]?.[skipped],
      this.longChanges[index]?.[skipped],
    ]).flat();
    return overFlash.some((over) => over !== undefined && over < sameShare * change);
  }
}

function changeBetween(a: MeasuredPlane, b: MeasuredPlane): number {
  const pixels = Math.min(1, pixelWeight * meanAbsoluteDifference(a.plane, b.plane));
  return (histogramDistance(a, b) + Math.max(pixels, structureDistance(a, b))) / 2;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/**
 * Shots as contiguous, half-open segments from 0 to the end of the video. The cut lies somewhere between the last sample of one
 * shot and the first of the next: the middle is at most half a sample wrong.
 */
export function shotsOf(options: { cuts: readonly number[]; samplesPerSecond: number; durationSeconds: number }): TimeSegment[] {
  const { cuts, samplesPerSecond, durationSeconds } = options;
  const times = cuts.map((index) => (index - 0.5) / samplesPerSecond).filter((seconds) => seconds > 0 && seconds < durationSeconds);
  const starts = [0, ...times];
  return starts.map((start, index) => ({ start_seconds: start, end_seconds: starts[index + 1] ?? durationSeconds }));
}
