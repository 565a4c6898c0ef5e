import { AppError } from '@nightjar/runtime';
import { childrenOf, contentOf, descendantOf, type Mp4Box } from './mp4-boxes.js';

/** Times of one fragment, in ticks of its track. */
interface FragmentTimes {
  /** Decode time of its first sample since the begin of the stream. */
  startTicks: number;
  durationTicks: number;
  startsWithKeyFrame: boolean;
}

/** Bits of `tfhd` (§8.8.7) and `trun` (§8.8.8). */
const tfhd = { baseDataOffset: 0x1, sampleDescription: 0x2, defaultDuration: 0x8, defaultSize: 0x10, defaultFlags: 0x20 } as const;
const trun = { dataOffset: 0x1, firstSampleFlags: 0x4, duration: 0x100, size: 0x200, flags: 0x400, compositionOffset: 0x800 } as const;
const sampleIsNotSync = 0x10000;
/** FFmpeg numbers tracks as they are mapped: video first. */
const videoTrack = 1;

interface SampleDefaults {
  durationTicks: number;
  flags: number;
}

/** Where the decode time of a track stands in a `moof`. */
export interface PlacedTime {
  ticks: number;
  /** From the begin of the `moof`. */
  offset: number;
  bytes: 4 | 8;
}

/**
 * Times of the video in a fragment.
 * @throws AppError `unprocessable` when it is no `moof` with video
 */
export function parseFragment(moof: Mp4Box): FragmentTimes {
  const [header, time, run] = ['tfhd', 'tfdt', 'trun'].map((type) => descendantOf(tracksOf(moof).video, [type]));
  if (!header || !time || !run) throw new AppError('unprocessable', 'a fragment has no times');
  try {
    return { startTicks: readDecodeTime(time), ...readRun(run, readDefaults(header)) };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('unprocessable', 'a fragment is cut off', { cause });
  }
}

/** Where the media of the video begin, in bytes from the begin of the `moof`. @throws AppError `unprocessable` when it does not say so */
export function placeVideo(moof: Mp4Box): number {
  const run = descendantOf(tracksOf(moof).video, ['trun']);
  // The offset stands behind flags and count.
  if (!run || run.length < 12 || (run.readUInt32BE(0) & trun.dataOffset) === 0)
    throw new AppError('unprocessable', 'a fragment does not say where its video is');
  return run.readInt32BE(8);
}

/** Whether there is video in a fragment: a camera whose picture stands still may go on with its sound. */
export function hasVideo(moof: Mp4Box): boolean {
  return trackFragments(moof).some((track) => trackNumber(track) === videoTrack);
}

/** Where the times of a fragment stand. @throws AppError `unprocessable` */
export function placeTimes(moof: Mp4Box): { video: PlacedTime; sound: PlacedTime | undefined } {
  const { sound, video } = tracksOf(moof);
  const place = (track: Buffer): PlacedTime => {
    const time = descendantOf(track, ['tfdt']);
    if (!time) throw new AppError('unprocessable', 'a fragment has no times');
    // Version and flags come first.
    const offset = time.byteOffset - moof.bytes.byteOffset + 4;
    return { ticks: readDecodeTime(time), offset, bytes: time[0] === 1 ? 8 : 4 };
  };
  return { video: place(video), sound: sound && place(sound) };
}

/**
 * A copy of the fragment on a clock that begins `offsetTicks` later: each recorded file begins at 0. Its sound moves with it.
 * @throws AppError `unprocessable`
 */
export function rebaseFragment(
  moof: Mp4Box,
  offsetTicks: number,
  track: { timescale: number; soundTimescale?: number | undefined },
): Mp4Box {
  const moved: Mp4Box = { type: moof.type, bytes: Buffer.from(moof.bytes) };
  const { sound, video } = placeTimes(moved);
  writeTime(moved.bytes, { ...video, ticks: video.ticks - offsetTicks });
  if (sound) writeTime(moved.bytes, { ...sound, ticks: movedSoundTicks(sound.ticks, -offsetTicks, track) });
  return moved;
}

/** Where sound gets to when its video is moved by so many of the video's ticks. Never before the begin: a file has nothing there. */
export function movedSoundTicks(
  soundTicks: number,
  videoTicks: number,
  { soundTimescale = 1, timescale }: { timescale: number; soundTimescale?: number | undefined },
): number {
  return Math.max(0, soundTicks + Math.round((videoTicks * soundTimescale) / timescale));
}

function writeTime(bytes: Buffer, time: PlacedTime): void {
  if (time.bytes === 8) bytes.writeBigUInt64BE(BigInt(time.ticks), time.offset);
  else bytes.writeUInt32BE(time.ticks, time.offset);
}

function tracksOf(moof: Mp4Box): { video: Buffer; sound: Buffer | undefined } {
  const tracks = trackFragments(moof);
  const video = tracks.find((track) => trackNumber(track) === videoTrack);
  if (!video) throw new AppError('unprocessable', 'a fragment has no times');
  return { video, sound: tracks.find((track) => track !== video) };
}

function trackFragments(moof: Mp4Box): Buffer[] {
  return childrenOf(contentOf(moof), 'traf');
}

function trackNumber(track: Buffer): number | undefined {
  const header = descendantOf(track, ['tfhd']);
  return header && header.length >= 8 ? header.readUInt32BE(4) : undefined;
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
