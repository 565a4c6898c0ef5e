import type { TimeSegment } from '@nightjar/contracts';
import type { LumaPlane } from '@nightjar/media';
import { histogramDistance, meanAbsoluteDifference, measurePlane, type MeasuredPlane } from './luma-change.js';

/** A cut changes at least this much; a person who walks through the picture changes a tenth of it. */
const changeMin = 0.22;
/** …and this many times as much as its surroundings do, so that a shaking camera or an explosion is no series of cuts. */
const timesSurroundings = 2.5;
/** Samples on each side that count as surroundings: one second at eight a second. */
const surroundingSamples = 8;
/** The picture must still be another one a sample later, else it was a flash of light. */
const stayingShare = 0.5;
/** Two cuts are at least this many samples apart; of two nearer ones the stronger counts. */
const samplesBetweenCutsMin = 2;
/** A mean brightness change of a third is as much as it gets between two pictures of the real world. */
const structureWeight = 3;

/**
 * Finds hard cuts in evenly spaced luma planes. The change between two planes is the mean of two measures: how far the
 * brightness histogram moved (blind to motion), and how much each pixel changed (sees two scenes of equal brightness). A
 * sample begins a new shot when that change is large, stands out from the second around it, and stays.
 * Slow dissolves are no cuts. Memory: a number or two a sample.
 */
export class ShotBoundaryFinder {
  /** `changes[n]`: from sample n - 1 to n. */
  private readonly changes: number[] = [0];
  /** `changesOverTwo[n]`: from sample n - 1 to n + 1. */
  private readonly changesOverTwo: number[] = [];
  private readonly last: MeasuredPlane[] = [];

  push(plane: LumaPlane): void {
    const current = measurePlane(plane);
    const [beforeLast, last] = this.last.length === 2 ? this.last : [undefined, this.last[0]];
    if (last) this.changes.push(changeBetween(last, current));
    if (beforeLast) this.changesOverTwo[this.changes.length - 2] = changeBetween(beforeLast, current);
    this.last.push(current);
    if (this.last.length > 2) this.last.shift();
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
    if (change < changeMin) return false;
    const around = [
      ...this.changes.slice(Math.max(1, index - surroundingSamples), index),
      ...this.changes.slice(index + 1, index + 1 + surroundingSamples),
    ];
    if (change < timesSurroundings * median(around)) return false;
    // A flash shows twice: on its way in (the sample after is as before) and on its way out (the sample before last is as now).
    const stays = (over: number | undefined) => over === undefined || over >= stayingShare * change;
    return stays(this.changesOverTwo[index]) && stays(this.changesOverTwo[index - 1]);
  }
}

function changeBetween(a: MeasuredPlane, b: MeasuredPlane): number {
  return (histogramDistance(a, b) + Math.min(1, structureWeight * meanAbsoluteDifference(a.plane, b.plane))) / 2;
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
