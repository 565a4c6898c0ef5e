import { wholeBox } from '../mp4/mp4-boxes.js';
import { placeVideo } from '../mp4/parse-fragment.js';
import type { Fragment } from './segment-writer.js';

/** Parameter sets stand in front of the picture; more than this in front of it are not looked at. */
const frontBytesMax = 16 * 1024;
/** FFmpeg writes no others. */
const lengthBytes = 4;

/** ITU-T H.264 table 7-1, H.265 table 7-1. */
const kinds = {
  h264: {
    typeOf: (head: number) => head & 0x1f,
    isSet: (type: number) => type === 7 || type === 8,
    isPicture: (type: number) => type >= 1 && type <= 5,
  },
  hevc: {
    typeOf: (head: number) => (head >> 1) & 0x3f,
    isSet: (type: number) => type >= 32 && type <= 34,
    isPicture: (type: number) => type <= 31,
  },
} as const;

/**
 * Notices when a camera describes its pictures anew in the middle of a stream, e.g. because somebody set another resolution: FFmpeg writes
 * one begin for all of it, which says how the first pictures are.
 */
export class PictureChanges {
  /** In front of the first key frame. Those of the begin may be others: some cameras describe their stream wrongly, and always will. */
  private first: readonly Buffer[] | undefined;

  /** @param init the begin of the stream, which holds parameter sets as they are */
  constructor(
    private readonly init: Buffer,
    private readonly codec: string,
  ) {}

  /** Whether a fragment begins with parameter sets that neither the begin nor the first key frame has. */
  isNew(fragment: Fragment): boolean {
    const { codec, first, init } = this;
    if (!fragment.startsWithKeyFrame || (codec !== 'h264' && codec !== 'hevc')) return false;
    const sets = parameterSetsOf(fragment, codec);
    if (!first) {
      // The fragment is larger than what is kept of it.
      this.first = sets.map((set) => Buffer.from(set));
      return false;
    }
    return sets.some((set) => !init.includes(set) && !first.some((known) => known.equals(set)));
  }
}

/** What stands in front of the first picture of a fragment. */
function parameterSetsOf(fragment: Fragment, codec: keyof typeof kinds): Buffer[] {
  const kind = kinds[codec];
  const front = frontOf(fragment);
  const sets: Buffer[] = [];
  for (let at = 0; at + lengthBytes < front.length;) {
    const end = at + lengthBytes + front.readUInt32BE(at);
    const type = kind.typeOf(front[at + lengthBytes] ?? 0);
    if (kind.isPicture(type) || end > front.length) break;
    if (kind.isSet(type)) sets.push(front.subarray(at + lengthBytes, end));
    at = end;
  }
  return sets;
}

/** The first bytes of its video. */
function frontOf(fragment: Fragment): Buffer {
  const [moof, ...media] = fragment.piecesFrom(0);
  if (!moof) return Buffer.alloc(0);
  let skipBytes = placeVideo(wholeBox({ type: 'moof', pieces: [moof] })) - moof.length;
  const front: Buffer[] = [];
  let missingBytes = frontBytesMax;
  for (const piece of media) {
    const part = piece.subarray(skipBytes, skipBytes + missingBytes);
    skipBytes = Math.max(0, skipBytes - piece.length);
    missingBytes -= part.length;
    front.push(part);
    if (missingBytes === 0) break;
  }
  return Buffer.concat(front);
}
