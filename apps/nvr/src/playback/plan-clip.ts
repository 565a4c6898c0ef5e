import { AppError } from '@nightjar/runtime';
import type { Segment } from '../segments/segments.store.js';

/** What a clip takes of one recorded file. Times are ms since the file's begin. */
export interface ClipPart {
  segment: Segment;
  fromMs: number;
  toMs: number;
  /** All of a closed file: it is read where it is. */
  isWhole: boolean;
}

/**
 * What of which files makes a clip of a range of time.
 * @param segments that overlap the range, oldest first
 * @throws AppError `not_found` when nothing is recorded there, `conflict` when the camera changed its codec in between
 */
export function planClip(segments: readonly Segment[], range: { fromUnixMs: number; toUnixMs: number }): ClipPart[] {
  const [first] = segments;
  if (!first) throw new AppError('not_found', 'nothing is recorded in this range');
  const other = segments.find(({ videoCodec }) => videoCodec !== first.videoCodec);
  if (other)
    throw new AppError(
      'conflict',
      `the camera changed from ${first.videoCodec} to ${other.videoCodec} at ${other.startsAt.toISOString()}: ask for two clips`,
    );
  return segments.map((segment) => {
    const startMs = segment.startsAt.getTime();
    const endMs = segment.endsAt.getTime();
    return {
      segment,
      fromMs: Math.max(0, range.fromUnixMs - startMs),
      toMs: Math.min(endMs, range.toUnixMs) - startMs,
      isWhole: !segment.open && startMs >= range.fromUnixMs && endMs <= range.toUnixMs,
    };
  });
}

/** A file, or the cut part of one, with the times of its pictures. */
export interface ClipFile {
  path: string;
  startUnixMs: number;
  endUnixMs: number;
}

/** How long each file lasts in the clip: gaps last as long as they did, so that a moment of the clip is a moment of the day. */
export function withDurations(files: readonly ClipFile[]): { path: string; durationMs: number }[] {
  return files.map(({ endUnixMs, path, startUnixMs }, index) => {
    const nextStartUnixMs = files[index + 1]?.startUnixMs ?? endUnixMs;
    // Files overlap where a clock went back: one is shown after the other.
    return { path, durationMs: Math.max(endUnixMs, nextStartUnixMs) - startUnixMs };
  });
}
