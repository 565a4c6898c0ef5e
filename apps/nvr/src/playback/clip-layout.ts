import { createHash } from 'node:crypto';
import { AppError } from '@nightjar/runtime';
import { movedSoundTicks } from '../mp4/parse-fragment.js';
import type { IndexedFragment, SegmentIndex } from './index-segment.js';

/** A recorded file that a clip takes from. Times are Unix ms. */
export interface ClipSource {
  segmentId: number;
  /** Relative to the recordings directory. */
  file: string;
  startUnixMs: number;
  index: SegmentIndex;
}

/** A fragment in its place in a clip. */
export interface ClipPiece {
  source: ClipSource;
  fragment: IndexedFragment;
  /** First byte of it in the clip. */
  at: number;
  sequence: number;
  decodeTicks: number;
}

/** Where each byte of a clip comes from. The same fragments always make the same bytes. */
export interface ClipLayout {
  /** `ftyp`, `moov` and, in a whole clip, `sidx`. */
  head: Buffer;
  pieces: ClipPiece[];
  sizeBytes: number;
  /** Names exactly these bytes. */
  etag: string;
  /** Of the key frame that it begins with. */
  startUnixMs: number;
  endUnixMs: number;
}

/** References in one `sidx` box. */
const referencesMax = 65_535;
const startsWithKeyFrameType1 = 0x9000_0000;
/** Times of 32 bit that do not fit are not written. */
const ticksMax32 = 0xffff_ffff;

/** The fragments of a file that show a range, from the key frame at or before its begin. Ms since the file's begin. */
export function chooseFragments(index: SegmentIndex, range: { fromMs: number; toMs: number }): IndexedFragment[] {
  const { fragments, timescale } = index;
  const [fromTicks, toTicks] = [range.fromMs, range.toMs].map((ms) => (ms * timescale) / 1_000) as [number, number];
  const firstIndex = Math.max(
    0,
    fragments.findLastIndex(({ startTicks, startsWithKeyFrame }) => startsWithKeyFrame && startTicks <= fromTicks),
  );
  const chosen = fragments.slice(firstIndex).filter(({ startTicks }) => startTicks < toTicks);
  const last = chosen.at(-1);
  return last && last.endTicks > fromTicks ? chosen : [];
}

/**
 * Lays a range of recorded files out as one fragmented MP4 that begins with an index, so that a player can seek. A gap lasts as
 * long as it did; where files overlap because a clock went back, one is shown after the other.
 * @param sources one decoder can read all of them, oldest first
 * @throws AppError `not_found` when they show nothing of the range
 */
export function layOutClip(sources: readonly ClipSource[], range: { fromUnixMs: number; toUnixMs: number }): ClipLayout {
  const pieces: ClipPiece[] = [];
  let startUnixMs: number | undefined;
  let endUnixMs = 0;
  for (const source of sources) {
    const { index } = source;
    const fileStartMs = source.startUnixMs;
    const chosen = chooseFragments(index, { fromMs: range.fromUnixMs - fileStartMs, toMs: range.toUnixMs - fileStartMs });
    const [first, last] = [chosen[0], chosen.at(-1)];
    if (!first || !last) continue;
    const msOf = (ticks: number) => (ticks * 1_000) / index.timescale;
    const firstUnixMs = Math.max(endUnixMs, fileStartMs + msOf(first.startTicks));
    startUnixMs ??= firstUnixMs;
    const baseTicks = Math.round(((firstUnixMs - startUnixMs) * index.timescale) / 1_000) - first.startTicks;
    for (const fragment of chosen)
      pieces.push({ source, fragment, at: 0, sequence: pieces.length + 1, decodeTicks: baseTicks + fragment.startTicks });
    endUnixMs = firstUnixMs + msOf(last.endTicks - first.startTicks);
  }
  const [first] = pieces;
  if (!first || startUnixMs === undefined) throw new AppError('not_found', 'nothing is recorded in this range');
  const { init, timescale } = first.source.index;
  return finishLayout({ head: Buffer.concat([init, segmentIndexBox(pieces, timescale)]), pieces, startUnixMs, endUnixMs });
}

/** Gives pieces their places behind a head, and the whole its name. */
export function finishLayout(layout: Pick<ClipLayout, 'head' | 'pieces' | 'startUnixMs' | 'endUnixMs'>): ClipLayout {
  const name = createHash('sha256').update(layout.head);
  let at = layout.head.length;
  for (const piece of layout.pieces) {
    const { fragment, source } = piece;
    piece.at = at;
    at += fragment.endOffset - fragment.offset;
    name.update(`${source.segmentId} ${fragment.offset} ${fragment.endOffset} ${piece.sequence} ${piece.decodeTicks}\n`);
  }
  return { ...layout, sizeBytes: at, etag: `"${name.digest('base64url').slice(0, 27)}"` };
}

/** What has to stand in a piece instead of what stands in its file. Offsets are those of the file. */
export function changesOf({ decodeTicks, fragment, sequence, source }: ClipPiece): { offset: number; bytes: Buffer }[] {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(sequence);
  const { sound } = fragment;
  const changes = [
    { offset: fragment.sequenceOffset, bytes: number },
    { offset: fragment.decodeTimeOffset, bytes: timeBytes(decodeTicks, fragment.decodeTimeBytes) },
  ];
  if (!sound) return changes;
  const soundTicks = movedSoundTicks(sound.ticks, decodeTicks - fragment.startTicks, source.index);
  return [...changes, { offset: sound.offset, bytes: timeBytes(soundTicks, sound.bytes) }];
}

function timeBytes(ticks: number, bytes: 4 | 8): Buffer {
  const time = Buffer.alloc(bytes);
  if (bytes === 8) time.writeBigUInt64BE(BigInt(ticks));
  else if (ticks <= ticksMax32) time.writeUInt32BE(ticks);
  else throw new AppError('unprocessable', 'the clip is too long for the times of its file');
  return time;
}

/** `sidx` (ISO/IEC 14496-12 §8.16.3): where in the bytes that follow each group of pictures begins, and how long it is shown. */
function segmentIndexBox(pieces: readonly ClipPiece[], timescale: number): Buffer {
  const groups = groupsOf(pieces);
  const box = Buffer.alloc(40 + groups.length * 12);
  box.writeUInt32BE(box.length, 0);
  box.write('sidx', 4, 'latin1');
  box[8] = 1;
  box.writeUInt32BE(1, 12);
  box.writeUInt32BE(timescale, 16);
  // Earliest time and first offset (64 bit each) are 0.
  box.writeUInt16BE(groups.length, 38);
  groups.forEach(({ bytes, ticks }, position) => {
    box.writeUInt32BE(bytes, 40 + position * 12);
    box.writeUInt32BE(ticks, 44 + position * 12);
    box.writeUInt32BE(startsWithKeyFrameType1, 48 + position * 12);
  });
  return box;
}

function groupsOf(pieces: readonly ClipPiece[]): { bytes: number; ticks: number }[] {
  // More key frames than a box holds: several share a reference.
  const keyFrames = pieces.reduce((count, { fragment }) => count + Number(fragment.startsWithKeyFrame), 0);
  const keyFramesEach = Math.ceil((keyFrames + 1) / referencesMax);
  const groups: { bytes: number; ticks: number }[] = [];
  let keyFramesSeen = 0;
  pieces.forEach(({ decodeTicks, fragment }, position) => {
    const isBegin = position === 0 || (fragment.startsWithKeyFrame && keyFramesSeen % keyFramesEach === 0);
    keyFramesSeen += Number(fragment.startsWithKeyFrame);
    if (isBegin) groups.push({ bytes: 0, ticks: 0 });
    const group = groups.at(-1);
    if (!group) return;
    group.bytes += fragment.endOffset - fragment.offset;
    group.ticks += (pieces[position + 1]?.decodeTicks ?? decodeTicks + fragment.endTicks - fragment.startTicks) - decodeTicks;
  });
  return groups;
}
