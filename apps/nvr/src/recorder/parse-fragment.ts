import { AppError } from '@nightjar/runtime';
import { contentOf, descendantOf, type Mp4Box } from './mp4-boxes.js';

/** Times of one fragment, in ticks of its track. */
export interface FragmentTimes {
  /** Decode time of its first sample since the begin of the stream. */
  startTicks: number;
  durationTicks: number;
  startsWithKeyFrame: boolean;
}

/** Bits of `tfhd` (§8.8.7) and `trun` (§8.8.8). */
const tfhd = { baseDataOffset: 0x1, sampleDescription: 0x2, defaultDuration: 0x8, defaultSize: 0x10, defaultFlags: 0x20 } as const;
const trun = { dataOffset: 0x1, firstSampleFlags: 0x4, duration: 0x100, size: 0x200, flags: 0x400, compositionOffset: 0x800 } as const;
const sampleIsNotSync = 0x10000;

interface SampleDefaults {
  durationTicks: number;
  flags: number;
}

/** @throws AppError `unprocessable` when it is not the `moof` of a single track */
export function parseFragment(moof: Mp4Box): FragmentTimes {
  const track = descendantOf(contentOf(moof), ['traf']);
  const [header, time, run] = ['tfhd', 'tfdt', 'trun'].map((type) => track && descendantOf(track, [type]));
  if (!header || !time || !run) throw new AppError('unprocessable', 'a fragment has no times');
  try {
    return { startTicks: readDecodeTime(time), ...readRun(run, readDefaults(header)) };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('unprocessable', 'a fragment is cut off', { cause });
  }
}

/** A copy of the fragment on a clock that begins `offsetTicks` later: each recorded file begins at 0. @throws AppError `unprocessable` */
export function rebaseFragment(moof: Mp4Box, offsetTicks: number): Mp4Box {
  const moved: Mp4Box = { type: moof.type, bytes: Buffer.from(moof.bytes) };
  const time = descendantOf(contentOf(moved), ['traf', 'tfdt']);
  if (!time) throw new AppError('unprocessable', 'a fragment has no times');
  const ticks = readDecodeTime(time) - offsetTicks;
  if (time[0] === 1) time.writeBigUInt64BE(BigInt(ticks), 4);
  else time.writeUInt32BE(ticks, 4);
  return moved;
}

function readDecodeTime(tfdt: Buffer): number {
  return tfdt[0] === 1 ? Number(tfdt.readBigUInt64BE(4)) : tfdt.readUInt32BE(4);
}

function readDefaults(header: Buffer): SampleDefaults {
  const flags = header.readUInt32BE(0) & 0xffffff;
  // After version, flags and track id come only the fields that the flags announce, in this order.
  let offset = 8 + (flags & tfhd.baseDataOffset ? 8 : 0) + (flags & tfhd.sampleDescription ? 4 : 0);
  const next = (present: number) => (flags & present ? header.readUInt32BE((offset += 4) - 4) : 0);
  const durationTicks = next(tfhd.defaultDuration);
  next(tfhd.defaultSize);
  return { durationTicks, flags: next(tfhd.defaultFlags) };
}

function readRun(run: Buffer, defaults: SampleDefaults): Omit<FragmentTimes, 'startTicks'> {
  const flags = run.readUInt32BE(0) & 0xffffff;
  const count = run.readUInt32BE(4);
  let offset = 8 + (flags & trun.dataOffset ? 4 : 0);
  const firstSampleFlags = flags & trun.firstSampleFlags ? run.readUInt32BE((offset += 4) - 4) : undefined;
  const fields: number[] = [trun.duration, trun.size, trun.flags, trun.compositionOffset].filter((field) => flags & field);
  const sampleBytes = fields.length * 4;
  if (count === 0 || offset + count * sampleBytes > run.length) throw new AppError('unprocessable', 'a fragment is cut off');
  const read = (field: number, sample: number) =>
    flags & field ? run.readUInt32BE(offset + sample * sampleBytes + fields.indexOf(field) * 4) : undefined;
  let durationTicks = 0;
  for (let sample = 0; sample < count; sample++) durationTicks += read(trun.duration, sample) ?? defaults.durationTicks;
  const firstFlags = firstSampleFlags ?? read(trun.flags, 0) ?? defaults.flags;
  return { durationTicks, startsWithKeyFrame: (firstFlags & sampleIsNotSync) === 0 };
}
