import type { Unit } from '@nightjar/media';
import { AppError } from '@nightjar/runtime';
import type { StreamPart } from './read-fragments.js';
import type { Fragment } from './segment-writer.js';
import { mp4Box, u32, videoTimescale, writeInitSegment, type ParameterSets } from '../mp4/write-init-segment.js';

/** As FFmpeg cuts them for recordings: how late viewers are. */
const fragmentTicksMin = videoTimescale / 4;
/** A unit that nothing follows for so long has this duration at most: the camera was away. */
const durationTicksMax = 10 * videoTimescale;
/** Further back is not the order of pictures but a clock that was set. */
const reorderTicksMax = 2 * videoTimescale;
/** Units of one fragment. Full: it is given out. */
const unitsMax = 256;
const startCode = Buffer.from([0, 0, 1]);
const isSync = 0x02000000;
const isNotSync = 0x01010000;

const kinds = {
  h264: { typeOf: (head: number) => head & 0x1f, video: -1, sequence: 7, picture: 8 },
  hevc: { typeOf: (head: number) => (head >> 1) & 0x3f, video: 32, sequence: 33, picture: 34 },
} as const;

interface Sample {
  bytes: Buffer;
  ticks: number;
  isKey: boolean;
}

/**
 * Packs a camera's units into fragmented MP4, as FFmpeg does, without one: a fragment as soon as the picture after it begins. The first
 * one of a stream is the key frame alone, which is what somebody who begins to watch waits for.
 */
export class UnitMuxer {
  private sets = '';
  private originMs: number | undefined;
  private open: Sample[] = [];
  private hasFragments = false;
  private sequence = 0;

  /**
   * @returns what the unit completed: a begin whenever the camera describes its pictures anew, and fragments
   * @throws AppError `unprocessable` for a stream that needs more than is understood here
   */
  push(unit: Unit): StreamPart[] {
    const nals = nalsOf(unit.bytes);
    const begun = unit.isKey ? this.describe(unit.codec, nals) : [];
    if (this.sets === '') return begun;
    this.originMs ??= unit.ptsMs;
    const ticks = Math.round(((unit.ptsMs - this.originMs) * videoTimescale) / 1_000);
    const last = this.open.at(-1);
    if (ticks === last?.ticks) {
      // The second part of a picture whose end was marked too early.
      last.bytes = Buffer.concat([last.bytes, withLengths(nals)]);
      return begun;
    }
    const done = this.complete(ticks, unit.isKey);
    if (begun.length > 0) this.hasFragments = false;
    this.open.push({ bytes: withLengths(nals), ticks, isKey: unit.isKey });
    return [...done, ...begun];
  }

  /** A begin where parameter sets are others than before. */
  private describe(codec: ParameterSets['codec'], nals: readonly Buffer[]): StreamPart[] {
    const kind = kinds[codec];
    const of = (type: number) => nals.filter((nal) => kind.typeOf(nal[0] ?? 0) === type);
    const sets = { codec, video: of(kind.video), sequence: of(kind.sequence), picture: of(kind.picture) };
    if (sets.sequence.length === 0 || sets.picture.length === 0) {
      if (this.sets === '') throw new AppError('unprocessable', 'the camera does not describe its pictures');
      return [];
    }
    const text = Buffer.concat([...sets.video, ...sets.sequence, ...sets.picture]).toString('base64');
    if (text === this.sets) return [];
    this.sets = text;
    return [{ kind: 'init', bytes: writeInitSegment(sets), track: { timescale: videoTimescale, codec } }];
  }

  /** Gives out what is open, if it is long enough now that the next picture's time is known. */
  private complete(nextTicks: number, nextIsKey: boolean): StreamPart[] {
    const [first, last] = [this.open[0], this.open.at(-1)];
    if (!first || !last) return [];
    if (nextTicks < last.ticks - reorderTicksMax) throw new AppError('unavailable', 'the times of the camera went back');
    // Pictures that are shown in another order than they come need times of their own for both.
    if (nextTicks < last.ticks) throw new AppError('unprocessable', 'the pictures of the camera come in another order than they are shown');
    const isLong = nextTicks - first.ticks >= fragmentTicksMin || this.open.length >= unitsMax;
    if (this.hasFragments && !isLong && !nextIsKey) return [];
    const endTicks = Math.min(nextTicks, last.ticks + durationTicksMax);
    const fragment = writeFragment(this.open, { endTicks, sequence: ++this.sequence });
    this.open = [];
    this.hasFragments = true;
    return [{ kind: 'fragment', fragment }];
  }
}

/** NAL units of an Annex B byte stream. */
function nalsOf(bytes: Buffer): Buffer[] {
  const nals: Buffer[] = [];
  for (let at = bytes.indexOf(startCode); at >= 0;) {
    const begin = at + startCode.length;
    at = bytes.indexOf(startCode, begin);
    let end = at < 0 ? bytes.length : at;
    // The first zero of a longer start code, and what pads.
    while (end > begin && bytes[end - 1] === 0) end--;
    if (end > begin) nals.push(bytes.subarray(begin, end));
  }
  return nals;
}

function withLengths(nals: readonly Buffer[]): Buffer {
  return Buffer.concat(nals.flatMap((nal) => [u32(nal.length), nal]));
}

/** ISO/IEC 14496-12 §8.8. */
function writeFragment(samples: readonly Sample[], { endTicks, sequence }: { endTicks: number; sequence: number }): Fragment {
  const startTicks = samples[0]?.ticks ?? 0;
  const durationOf = (index: number) => (samples[index + 1]?.ticks ?? endTicks) - (samples[index]?.ticks ?? 0);
  const table = u32(...samples.flatMap(({ bytes, isKey }, index) => [durationOf(index), bytes.length, isKey ? isSync : isNotSync]));
  const moofWith = (dataOffset: number) =>
    mp4Box(
      'moof',
      mp4Box('mfhd', u32(0, sequence)),
      mp4Box(
        'traf',
        // Offsets count from the moof; each sample has duration, size and flags.
        mp4Box('tfhd', u32(0x020000, 1)),
        mp4Box('tfdt', u32(0x01000000, Math.floor(startTicks / 2 ** 32), startTicks)),
        mp4Box('trun', u32(0x000701, samples.length, dataOffset), table),
      ),
    );
  const moof = moofWith(moofWith(0).length + 8);
  const mdat = mp4Box('mdat', ...samples.map(({ bytes }) => bytes));
  return {
    startTicks,
    durationTicks: endTicks - startTicks,
    startsWithKeyFrame: samples[0]?.isKey ?? false,
    piecesFrom: () => [moof, mdat],
  };
}
