import path from 'node:path';
import { AppError } from '@nightjar/runtime';
import type { Readable } from 'node:stream';
import { FfmpegProcess, type FfmpegRun } from './ffmpeg-process.js';
import type { FfmpegBinary } from './find-ffmpeg.js';
import { HttpCamera, isHttpUrl } from './http-camera/http-camera.js';
import { RtspRelay } from './rtsp-relay/rtsp-relay.js';
import type { CameraTransport } from './rtsp-relay/transport-header.js';

/** A video file of ours on disk. Its content is untrusted. */
interface FileInput {
  readonly kind: 'file';
  readonly path: string;
}

/** A camera of the operator. The URL holds its credentials: never log it. */
interface CameraInput {
  readonly kind: 'camera';
  /** `rtsp://`, `rtsps://`, or `http://` and `https://` for pictures (MJPEG, or one each time it is asked). */
  readonly url: string;
  /** Where the times of frames come from: the moment of their arrival (default), or the stream itself, exact among themselves. */
  readonly timestamps?: 'arrival' | 'stream';
  /** How it sends its packets; default `auto`: inside of the connection if it can, else over UDP. */
  readonly transport?: CameraTransport | undefined;
  /** Whether its sound is read too, if it is AAC; default no. */
  readonly withSound?: boolean | undefined;
  /**
   * Whether the newest picture is looked at now; it is asked again and again, default yes. If not, the camera is read every 240 ms instead
   * of every 80 ms, which costs less.
   */
  readonly isPrompt?: (() => boolean) | undefined;
}

export type MediaInput = FileInput | CameraInput;

/** Containers that hold one video and refer to no other file. Playlists are not among them, whatever the file is called. */
const fileFormats = ['mov', 'mp4', 'm4a', '3gp', '3g2', 'mj2', 'matroska', 'webm', 'avi', 'mpegts', 'mpeg', 'ogg', 'flv'];
/** FFmpeg talks with our relay alone. */
const cameraProtocols = ['rtsp', 'tcp'];
/** A file may declare any number of streams; each costs memory before the first byte is decoded. */
const streamsOpenedMax = 64;
/** Largest picture that is decoded: an 8K frame has 33 million pixels. */
export const decodedPixelsMax = 50_000_000;
/** Largest single allocation inside FFmpeg. */
const allocationBytesMax = 512 * 1024 * 1024;
/** We notice sooner that a camera is silent; FFmpeg, which can't tell that from a relay that gets no time, has to wait longer. */
const cameraSilenceMicros = 60_000_000;

/** An input that one FFmpeg can read, once. */
export interface OpenedInput {
  /** Up to and including `-i`. No password among them. */
  readonly arguments: readonly string[];
  /** What FFmpeg reads as `pipe:0`, where it does not connect anywhere: see `startOn`. */
  readonly bytes?: Readable | undefined;
  /** Why the connection to a camera ended, once it did. */
  readonly problem: AppError | undefined;
  /** What a camera's sound is encoded with, as RTP names it, whether it is read or not; undefined without sound, or not yet. */
  readonly soundEncoding?: string | undefined;
  /** To be called when FFmpeg is gone, or was not started. */
  close(): void;
}

/**
 * Makes an input ready: a file as it is, a camera behind a relay of its own (rtsp-relay.ts), its pictures where it speaks HTTP.
 * @throws AppError `invalid_argument` for a camera URL that is neither RTSP nor HTTP, `unavailable` when there is no port for the relay
 */
export async function openInput(input: MediaInput, ffmpeg: FfmpegBinary): Promise<OpenedInput> {
  if (input.kind === 'file') return { arguments: inputArguments(input), problem: undefined, close: () => undefined };
  if (isHttpUrl(input.url)) return openHttpCamera(input.url);
  const relay = await RtspRelay.open(input.url, { transport: input.transport, withSound: input.withSound, isPrompt: input.isPrompt });
  return {
    arguments: relayArguments(relay.url, { ffmpeg, timestamps: input.timestamps ?? 'arrival', withSound: input.withSound ?? false }),
    get soundEncoding() {
      return relay.soundEncoding;
    },
    get problem() {
      return relay.problem;
    },
    close: () => relay.close(),
  };
}

/** Times are those of arrival, whatever is asked: pictures over HTTP have no others. */
function openHttpCamera(url: string): OpenedInput {
  const camera = HttpCamera.open(url);
  return {
    arguments: [...decodingBounds, '-protocol_whitelist', 'pipe', '-use_wallclock_as_timestamps', '1', '-f', 'mpjpeg', '-i', 'pipe:0'],
    bytes: camera.parts,
    get problem() {
      return camera.problem;
    },
    close: () => camera.close(),
  };
}

/** Starts an FFmpeg that reads an input. @throws AppError as `FfmpegProcess.start` */
export function startOn(input: OpenedInput, run: Omit<FfmpegRun, 'withStdin'>): FfmpegProcess {
  const process = FfmpegProcess.start({ ...run, withStdin: input.bytes !== undefined });
  if (process.stdin) input.bytes?.pipe(process.stdin);
  return process;
}

/** What FFmpeg itself keeps to whenever it decodes what a camera or a user sent. */
export const decodingBounds = ['-max_alloc', String(allocationBytesMax), '-threads', '1', '-max_pixels', String(decodedPixelsMax)];

/**
 * The arguments that open a file, up to and including `-i`, with everything that keeps a hostile one in bounds: protocol and
 * format lists, one decoder thread, largest picture, largest allocation.
 */
export function inputArguments(input: FileInput): string[] {
  const file = path.resolve(input.path);
  // The protocol in front keeps a name like "concat:a|b" or "-y" from being read as anything but a name.
  return [
    ...decodingBounds,
    '-protocol_whitelist',
    'file,pipe',
    '-format_whitelist',
    fileFormats.join(','),
    '-max_streams',
    String(streamsOpenedMax),
    '-i',
    `file:${file}`,
  ];
}

/**
 * What nobody hears is not asked for. To measure the frame rate FFmpeg would hold the stream back for a second or two; times make that
 * needless.
 */
function relayArguments(url: string, options: { ffmpeg: FfmpegBinary; timestamps: 'arrival' | 'stream'; withSound: boolean }): string[] {
  const timeSource = options.timestamps === 'stream' ? [] : ['-use_wallclock_as_timestamps', '1'];
  return [
    ...[...decodingBounds, '-protocol_whitelist', cameraProtocols.join(',')],
    ...['-f', 'rtsp', '-rtsp_transport', 'tcp', ...socketTimeout(options.ffmpeg)],
    ...['-allowed_media_types', options.withSound ? 'video+audio' : 'video', '-fpsprobesize', '0', ...timeSource, '-i', url],
  ];
}

/** Ends a read from a dead camera inside FFmpeg, for the case that nobody is left to watch it. Before 5.0 `-timeout` meant "listen". */
function socketTimeout(ffmpeg: FfmpegBinary): string[] {
  const major = Number(/^(\d+)\./.exec(ffmpeg.version)?.[1] ?? Number.NaN);
  return [major < 5 ? '-stimeout' : '-timeout', String(cameraSilenceMicros)];
}
