import { readFile } from 'node:fs/promises';
import { AppError, hasErrorCode } from '@nightjar/runtime';
import { FfmpegProcess } from './ffmpeg-process.js';
import type { FfmpegBinary } from './find-ffmpeg.js';
import { inputArguments } from './media-input.js';
import { fileMemoryBytesMax } from './process-limits.js';

/** A few seconds of video are decoded. */
const wallLimitMs = 20_000;

/**
 * The last picture of a video that is shown between two moments, as JPEG of good quality.
 * @param options.output file for the picture, in a directory of the caller
 * @param options.fromSeconds and `toSeconds` since the first picture, both inclusive
 * @returns undefined when no picture begins between them
 * @throws AppError `unprocessable` when the file can't be decoded, `deadline_exceeded`, `cancelled`
 */
export async function readLastPicture(options: {
  ffmpeg: FfmpegBinary;
  file: string;
  output: string;
  fromSeconds: number;
  toSeconds: number;
  signal: AbortSignal;
}): Promise<Buffer | undefined> {
  const { ffmpeg, file, fromSeconds, output, signal, toSeconds } = options;
  const process = FfmpegProcess.start({
    ffmpeg,
    arguments: [
      ...inputArguments({ kind: 'file', path: file }),
      // Every chosen picture overwrites the one before; times begin anew, so that none is repeated to fill the time before it.
      ...['-map', '0:v:0', '-vf', `select='between(t,${fromSeconds.toFixed(3)},${toSeconds.toFixed(3)})',setpts=PTS-STARTPTS`],
      ...['-f', 'image2', '-c:v', 'mjpeg', '-q:v', '3', '-update', '1', '-y', output],
    ],
    signal,
    wallLimitMs,
    limits: { memoryBytes: fileMemoryBytesMax, cpuSeconds: wallLimitMs / 1_000 },
  });
  for (const pipe of process.pipes) pipe.resume();
  const { code, stderrTail, stopped } = await process.exited;
  if (stopped === 'signal') throw new AppError('cancelled', 'the picture is not wanted any more');
  if (stopped === 'wall_limit') throw new AppError('deadline_exceeded', 'the picture took too long to decode');
  if (code !== 0) throw new AppError('unprocessable', 'the video cannot be decoded', { cause: new Error(stderrTail) });
  try {
    return await readFile(output);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
