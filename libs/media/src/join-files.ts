import { FfmpegProcess } from './ffmpeg-process.js';
import type { FfmpegBinary } from './find-ffmpeg.js';
import { fileMemoryBytesMax } from './process-limits.js';

/** A file of ours that is joined to others. */
export interface JoinedFile {
  /** Absolute. */
  path: string;
  /** From its first picture to that of the next file: the last one stays as long as there is a gap. */
  durationMs: number;
}

/** Fragments of at most a second, so that a player shows the first one before the last is made. */
const fragmentMicros = 1_000_000;

/** The list that `joinFiles` reads, in the format of FFmpeg's concat demuxer. */
export function joinList(files: readonly JoinedFile[]): string {
  const entries = files.map(
    ({ durationMs, path }) => `file 'file:${path.replaceAll("'", `'\\''`)}'\nduration ${(durationMs / 1_000).toFixed(3)}\n`,
  );
  return `ffconcat version 1.0\n${entries.join('')}`;
}

/**
 * Starts FFmpeg on MP4 files of one codec: it writes their pictures, copied, as one fragmented MP4 into its only pipe, as fast as
 * that is read.
 * @param options.listFile made of `joinList`
 * @throws AppError `unavailable` when FFmpeg can't be started
 */
export function joinFiles(options: { ffmpeg: FfmpegBinary; listFile: string; signal: AbortSignal; wallLimitMs: number }): FfmpegProcess {
  const { ffmpeg, listFile, signal, wallLimitMs } = options;
  return FfmpegProcess.start({
    ffmpeg,
    arguments: [
      ...['-protocol_whitelist', 'file,pipe', '-format_whitelist', 'concat,mov,mp4,m4a,3gp,3g2,mj2'],
      // The list names absolute paths, which the demuxer calls unsafe; it is ours.
      ...['-f', 'concat', '-safe', '0', '-i', `file:${listFile}`],
      ...['-map', '0:v:0', '-c', 'copy', '-f', 'mp4', '-movflags', '+frag_keyframe+empty_moov+default_base_moof'],
      ...['-frag_duration', String(fragmentMicros), 'pipe:1'],
    ],
    signal,
    wallLimitMs,
    limits: { memoryBytes: fileMemoryBytesMax, cpuSeconds: wallLimitMs / 1_000 },
  });
}
