import { createHash } from 'node:crypto';
import type { Segment } from '../segments/segments.store.js';
import type { TimeRange } from '../segments/segments.service.js';
import type { ClipSource } from './clip-layout.js';
import type { IndexedFragment } from './index-segment.js';

/** A key frame that stands for a moment. */
export interface Thumbnail {
  source: ClipSource;
  fragment: IndexedFragment;
  shownUnixMs: number;
}

/** Pictures beside and below each other in one JPEG. */
export interface SpritePlan {
  thumbnails: Thumbnail[];
  tileWidth: number;
  tileHeight: number;
  columns: number;
  rows: number;
  /** The same for the same pictures in the same order. */
  key: string;
}

const tileWidth = 160;
const tileHeightMax = 320;
const columnsMax = 10;
/** Grows when the same plan makes another picture. */
const planVersion = 1;

/** The recorded files that show `count` moments, evenly spread over a range; each file once, oldest first. */
export function chooseFiles(
  segments: readonly Segment[],
  range: TimeRange,
  count: number,
): { segment: Segment; momentsUnixMs: number[] }[] {
  const chosen = new Map<Segment, number[]>();
  const stepMs = (range.toUnixMs - range.fromUnixMs) / count;
  for (let position = 0; position < count; position++) {
    const momentUnixMs = range.fromUnixMs + (position + 0.5) * stepMs;
    const segment = segments.findLast(({ endsAt, startsAt }) => startsAt.getTime() <= momentUnixMs && endsAt.getTime() > momentUnixMs);
    if (segment) chosen.set(segment, [...(chosen.get(segment) ?? []), momentUnixMs]);
  }
  return [...chosen].map(([segment, momentsUnixMs]) => ({ segment, momentsUnixMs }));
}

/**
 * Which key frames a sprite is made of: those shown at or before the moments, each once. A camera whose picture changed in the
 * range is shown as far as it was like at the begin.
 * @returns undefined when there is none
 */
export function planSprite(files: readonly { source: ClipSource; momentsUnixMs: readonly number[] }[]): SpritePlan | undefined {
  const format = files[0]?.source.index.format;
  const thumbnails = files.filter(({ source }) => source.index.format === format).flatMap(keyFramesOf);
  const [first] = thumbnails;
  if (!first) return undefined;
  const { height, width } = first.source.index;
  const scaled = width > 0 ? Math.round((tileWidth * height) / width / 2) * 2 : tileWidth;
  const tileHeight = Math.min(tileHeightMax, Math.max(2, scaled));
  const columns = Math.min(columnsMax, thumbnails.length);
  const name = createHash('sha256').update(`${planVersion} ${tileWidth}x${tileHeight} ${columns}\n`);
  for (const { fragment, source } of thumbnails) name.update(`${source.segmentId} ${fragment.offset}\n`);
  const rows = Math.ceil(thumbnails.length / columns);
  return { thumbnails, tileWidth, tileHeight, columns, rows, key: name.digest('hex') };
}

function keyFramesOf({ momentsUnixMs, source }: { source: ClipSource; momentsUnixMs: readonly number[] }): Thumbnail[] {
  const { fragments, timescale } = source.index;
  const found = new Set<IndexedFragment>();
  for (const momentUnixMs of momentsUnixMs) {
    const ticks = ((momentUnixMs - source.startUnixMs) * timescale) / 1_000;
    const fragment = fragments.findLast(({ startTicks, startsWithKeyFrame }) => startsWithKeyFrame && startTicks <= ticks);
    if (fragment) found.add(fragment);
  }
  return [...found].map((fragment) => ({
    source,
    fragment,
    shownUnixMs: source.startUnixMs + (fragment.startTicks * 1_000) / timescale,
  }));
}
