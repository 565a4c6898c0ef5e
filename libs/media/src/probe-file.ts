import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { AppError } from '@nightjar/runtime';
import { FfmpegProcess } from './ffmpeg-process.js';
import type { FfmpegBinary } from './find-ffmpeg.js';
import { decodedPixelsMax, inputArguments } from './media-input.js';
import { fileMemoryBytesMax } from './process-limits.js';

/** What is known of a video file before it is decoded. */
export interface VideoProbe {
  sizeBytes: number;
  durationMs: number;
  /** Pixels as stored, before a rotation that the file asks for. */
  width: number;
  height: number;
  /** FFmpeg's name, e.g. `h264`. */
  codec: string;
  /** Average rate that the file claims; undefined when it claims none. */
  framesPerSecond: number | undefined;
  /** All streams: video, sound, subtitles, data. */
  streams: number;
}

interface ProbeOptions {
  ffmpeg: FfmpegBinary;
  path: string;
  signal?: AbortSignal;
}

const streamsMax = 8;
const durationMsMax = 24 * 3_600_000;
/** A hostile file may take for ever to analyse; an honest one takes a few hundred milliseconds. */
const probeWallMs = 20_000;
const measureWallMs = 10 * 60_000;
/** Metadata of a file comes before what we look for, and may be long. */
const stderrBytes = 256 * 1024;

/**
 * Looks into a video file with FFmpeg alone (ffprobe is not everywhere): the first packet of its first real video stream, copied
 * into a text format, tells codec and size; what FFmpeg prints on opening tells duration and streams. Nothing is decoded.
 * @throws AppError `unprocessable` when the file is no video, a playlist, or over a limit; `not_found`; `deadline_exceeded`; `cancelled`
 */
export async function probeFile(options: ProbeOptions): Promise<VideoProbe> {
  const sizeBytes = await sizeOf(options.path);
  const { exit, lines } = await copyPackets(options, { packetsMax: 1, wallLimitMs: probeWallMs, logLevel: 'info' });
  const header = readHeader(lines);
  if (exit.code !== 0 || header === undefined)
    throw new AppError('unprocessable', 'the file is not a video', { cause: new Error(lastLine(exit.stderrTail)) });
  const opened = readOpening(exit.stderrTail);
  if (opened.streams > streamsMax)
    throw new AppError('unprocessable', `the file has ${opened.streams} streams, at most ${streamsMax} are read`);
  if (header.width * header.height > decodedPixelsMax)
    throw new AppError('unprocessable', `the pictures of the video have more than ${decodedPixelsMax / 1e6} million pixels`);
  const durationMs = opened.durationMs ?? (await measureDurationMs(options));
  if (durationMs > durationMsMax) throw new AppError('unprocessable', `the video is longer than ${durationMsMax / 3_600_000} hours`);
  return { sizeBytes, durationMs, ...header, framesPerSecond: opened.framesPerSecond, streams: opened.streams };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (cause) {
    throw new AppError('not_found', 'the video file is not there', { cause });
  }
}

/** Reads the whole file without decoding it: recordings made by browsers carry no duration. */
async function measureDurationMs(options: ProbeOptions): Promise<number> {
  const { exit, endMs } = await copyPackets(options, { wallLimitMs: measureWallMs, logLevel: 'error' });
  if (exit.code !== 0 || endMs === 0)
    throw new AppError('unprocessable', 'the file is not a video', { cause: new Error(lastLine(exit.stderrTail)) });
  return endMs;
}

/**
 * Copies the packets of the first video stream that is no cover picture (`V`) into the framecrc format: header lines that begin
 * with `#`, then one line a packet: stream, dts, pts, duration, size, checksum.
 */
async function copyPackets(options: ProbeOptions, run: { packetsMax?: number; wallLimitMs: number; logLevel: 'error' | 'info' }) {
  const { ffmpeg, path, signal } = options;
  const packets = run.packetsMax === undefined ? [] : ['-frames:v', String(run.packetsMax)];
  const process = FfmpegProcess.start({
    ffmpeg,
    arguments: [...inputArguments({ kind: 'file', path }), '-map', '0:V:0', '-c', 'copy', ...packets, '-f', 'framecrc', 'pipe:1'],
    logLevel: run.logLevel,
    stderrBytesMax: stderrBytes,
    signal,
    wallLimitMs: run.wallLimitMs,
    limits: { memoryBytes: fileMemoryBytesMax, cpuSeconds: run.wallLimitMs / 1_000 },
  });
  const header: string[] = [];
  let endMs = 0;
  let tickMs = 1;
  for (const stdout of process.pipes) {
    onLines(stdout, (line) => {
      if (!line.startsWith('#')) endMs = Math.max(endMs, packetEnd(line) * tickMs);
      // A stream has a handful of header lines; what else may begin so is cut.
      else if (header.push(line.slice(0, 200)) <= 64) tickMs = readTickMs(line) ?? tickMs;
    });
  }
  const exit = await process.exited;
  if (signal?.aborted) throw new AppError('cancelled', 'the look into the file was cancelled');
  if (exit.stopped === 'wall_limit') throw new AppError('deadline_exceeded', 'the look into the file took too long');
  return { exit, lines: header.slice(0, 64), endMs };
}

/** Line by line without node:readline, which waits for ever for the end of a stream that was destroyed. */
function onLines(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    // FFmpeg's lines are short; an endless one is not ours.
    rest = (lines.pop() ?? '').slice(0, 4_096);
    for (const line of lines) take(line);
  });
}

function packetEnd(line: string): number {
  const [, , pts, duration] = line.split(',').map(Number);
  const end = (pts ?? Number.NaN) + (duration ?? 0);
  return Number.isFinite(end) ? end : 0;
}

/** `#tb 0: 1/15360`: length of a tick in seconds. */
function readTickMs(line: string): number | undefined {
  const [, numerator, denominator] = /^#tb 0: (\d+)\/(\d+)$/.exec(line) ?? [];
  return numerator === undefined ? undefined : (1_000 * Number(numerator)) / Number(denominator);
}

function readHeader(lines: readonly string[]): { codec: string; width: number; height: number } | undefined {
  const codec = lines.map((line) => /^#codec_id 0: (\S+)$/.exec(line)?.[1]).find((found) => found !== undefined);
  const [, width, height] = lines.map((line) => /^#dimensions 0: (\d+)x(\d+)$/.exec(line)).find((found) => found !== null) ?? [];
  if (codec === undefined || width === undefined || height === undefined) return undefined;
  return Number(width) > 0 && Number(height) > 0 ? { codec, width: Number(width), height: Number(height) } : undefined;
}

/**
 * Reads what FFmpeg prints of the input. Two spaces and a known word begin each line that counts; text of the file's own
 * metadata is indented further, so it can't pose as one.
 */
function readOpening(printed: string): { durationMs: number | undefined; streams: number; framesPerSecond: number | undefined } {
  const [input = ''] = printed.split(/^Output #0/m);
  const [, hours, minutes, seconds] = /^ {2}Duration: (\d+):(\d\d):(\d\d\.\d+),/m.exec(input) ?? [];
  const durationMs = hours === undefined ? 0 : Math.round((Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000);
  const streamLines = input.match(/^ {2}Stream #0:\d+.*$/gm) ?? [];
  const video = streamLines.find((line) => line.includes(': Video: ') && !line.includes('(attached pic)'));
  const rate = /, (\d+(?:\.\d+)?)(k?) fps\b/.exec(video ?? '');
  return {
    durationMs: durationMs > 0 ? durationMs : undefined,
    streams: streamLines.length,
    framesPerSecond: rate ? Number(rate[1]) * (rate[2] === 'k' ? 1_000 : 1) : undefined,
  };
}

function lastLine(text: string): string {
  return text.split('\n').at(-1) ?? '';
}
