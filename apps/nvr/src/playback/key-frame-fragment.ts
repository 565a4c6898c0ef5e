import { AppError } from '@nightjar/runtime';
import { childrenOf, contentOf, descendantOf, readBoxHeader, type Mp4Box } from '../mp4/mp4-boxes.js';
import type { IndexedFragment } from './index-segment.js';

/** Bits of `tfhd` (ISO/IEC 14496-12 §8.8.7) and `trun` (§8.8.8). */
const tfhd = { baseDataOffset: 0x1, sampleDescription: 0x2, defaultDuration: 0x8, defaultSize: 0x10 } as const;
const trun = { dataOffset: 0x1, firstSampleFlags: 0x4, duration: 0x100, size: 0x200 } as const;
/** Largest coded picture that is taken. */
const sampleBytesMax = 16 * 1024 * 1024;
const mdatHeadBytes = 8;

/**
 * How many bytes of a fragment its first picture needs, from the begin of its `moof` on.
 * @throws AppError `unprocessable` when it is no fragment of ours
 */
export function keyFrameBytes(moof: Mp4Box): number {
  const sizeBytes = firstSampleBytes(moof);
  if (sizeBytes === 0 || sizeBytes > sampleBytesMax) throw new AppError('unprocessable', 'a fragment has no first picture');
  return moof.bytes.length + mdatHeadBytes + sizeBytes;
}

/**
 * A fragment with only its first picture. The table of pictures says that there is one; what follows in it is not read.
 * @param bytes of the fragment, `keyFrameBytes` of them; they are changed
 */
export function toKeyFrame(bytes: Buffer, fragment: IndexedFragment, place: { sequence: number; decodeTicks: number }): Buffer {
  const header = readBoxHeader(bytes);
  if (!header) throw new AppError('unprocessable', 'a fragment is cut off');
  const moof = { type: header.type, bytes: bytes.subarray(0, header.sizeBytes) };
  const run = descendantOf(contentOf(moof), ['traf', 'trun']);
  if (!run) throw new AppError('unprocessable', 'a fragment has no pictures');
  run.writeUInt32BE(1, 4);
  // Of its sound nothing is left: the box says so, and keeps its size.
  for (const sound of childrenOf(contentOf(moof), 'traf').slice(1)) bytes.write('free', sound.byteOffset - bytes.byteOffset - 4, 'latin1');
  bytes.writeUInt32BE(bytes.length - header.sizeBytes, header.sizeBytes);
  bytes.writeUInt32BE(place.sequence, fragment.sequenceOffset - fragment.offset);
  const timeOffset = fragment.decodeTimeOffset - fragment.offset;
  if (fragment.decodeTimeBytes === 8) bytes.writeBigUInt64BE(BigInt(place.decodeTicks), timeOffset);
  else bytes.writeUInt32BE(place.decodeTicks, timeOffset);
  return bytes;
}

function firstSampleBytes(moof: Mp4Box): number {
  const track = descendantOf(contentOf(moof), ['traf']);
  const [header, run] = ['tfhd', 'trun'].map((type) => track && descendantOf(track, [type]));
  if (!header || !run || run.length < 8) throw new AppError('unprocessable', 'a fragment has no pictures');
  const flags = run.readUInt32BE(0) & 0xffffff;
  if (!(flags & trun.size)) return defaultSampleBytes(header);
  const before = [trun.dataOffset, trun.firstSampleFlags, trun.duration].filter((field) => flags & field).length;
  const offset = 8 + before * 4;
  if (offset + 4 > run.length) throw new AppError('unprocessable', 'a fragment is cut off');
  return run.readUInt32BE(offset);
}

function defaultSampleBytes(header: Buffer): number {
  const flags = header.readUInt32BE(0) & 0xffffff;
  if (!(flags & tfhd.defaultSize)) return 0;
  const offset =
    8 + (flags & tfhd.baseDataOffset ? 8 : 0) + (flags & tfhd.sampleDescription ? 4 : 0) + (flags & tfhd.defaultDuration ? 4 : 0);
  return offset + 4 > header.length ? 0 : header.readUInt32BE(offset);
}
