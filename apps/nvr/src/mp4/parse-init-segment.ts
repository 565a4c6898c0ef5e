import { AppError } from '@nightjar/runtime';
import { childrenOf, contentOf, descendantOf, type Mp4Box } from './mp4-boxes.js';

/** What the `moov` box of a fragmented MP4 tells: video in the first track, perhaps sound in the second one. */
export interface VideoTrack {
  /** Ticks a second of all times in its fragments. */
  timescale: number;
  /** FFmpeg's name of the codec, e.g. `h264`. */
  codec: string;
  /** Ticks a second of the sound's times; undefined without sound. */
  soundTimescale?: number | undefined;
}

const codecOfSampleEntry: Record<string, string> = {
  avc1: 'h264',
  avc3: 'h264',
  hvc1: 'hevc',
  hev1: 'hevc',
  av01: 'av1',
  vp09: 'vp9',
  mp4v: 'mpeg4',
};

/** Where the type of the first sample entry stands in its box: behind version and flags, count of entries, size of the first one (§8.5.2). */
const entryTypeOffset = 12;

/**
 * Labels H.265 `hvc1`, which all players take, where FFmpeg writes `hev1`, which Apple's do not. The parameter sets are in the begin either
 * way, and those among the pictures are the same ones (ISO/IEC 14496-15 §8.4.1). A copy, unless nothing changes.
 * @throws AppError `unprocessable` when it is no `moov`
 */
export function labelForPlayers(moov: Mp4Box): Mp4Box {
  const labelled: Mp4Box = { type: moov.type, bytes: Buffer.from(moov.bytes) };
  const [video] = childrenOf(contentOf(labelled), 'trak');
  const description = video && descendantOf(video, ['mdia', 'minf', 'stbl', 'stsd']);
  if (description?.toString('latin1', entryTypeOffset, entryTypeOffset + 4) !== 'hev1') return moov;
  description.write('hvc1', entryTypeOffset, 'latin1');
  return labelled;
}

/** @throws AppError `unprocessable` when it is no such box */
export function parseInitSegment(moov: Mp4Box): VideoTrack {
  const [video, sound] = childrenOf(contentOf(moov), 'trak');
  const media = video && descendantOf(video, ['mdia']);
  const mediaHeader = media && descendantOf(media, ['mdhd']);
  const sampleDescription = media && descendantOf(media, ['minf', 'stbl', 'stsd']);
  if (!mediaHeader || !sampleDescription || mediaHeader.length < 24 || sampleDescription.length < 16)
    throw new AppError('unprocessable', 'the stream has no video track');
  const timescale = readTimescale(mediaHeader);
  const sampleEntry = sampleDescription.toString('latin1', entryTypeOffset, entryTypeOffset + 4);
  if (timescale === 0) throw new AppError('unprocessable', 'the video track has no timescale');
  const soundHeader = sound && descendantOf(sound, ['mdia', 'mdhd']);
  const soundTimescale = soundHeader && soundHeader.length >= 24 ? readTimescale(soundHeader) : undefined;
  return {
    timescale,
    ...(soundTimescale ? { soundTimescale } : {}),
    codec: codecOfSampleEntry[sampleEntry] ?? sampleEntry.replace(/[^A-Za-z0-9]/g, '_'),
  };
}

/** Version 1 has times of 64 bit in front of it (§8.4.2). */
function readTimescale(mediaHeader: Buffer): number {
  return mediaHeader.readUInt32BE(mediaHeader[0] === 1 ? 20 : 12);
}
