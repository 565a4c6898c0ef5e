import { AppError, type Clock } from '@nightjar/runtime';
import { FfmpegProcess } from './ffmpeg-process.js';
import type { FfmpegBinary } from './find-ffmpeg.js';
import { isHttpUrl } from './http-camera/http-camera.js';
import { openInput } from './media-input.js';
import { Patience } from './patience.js';
import { fileMemoryBytesMax } from './process-limits.js';
import type { CameraTransport } from './rtsp-relay/transport-header.js';
import { UnitSplitter } from './unit-splitter.js';
import { UnitTimeline, type Unit } from './unit-timeline.js';

export interface ReadUnitsOptions {
  ffmpeg: FfmpegBinary;
  /** Holds the camera's credentials: never log it. */
  url: string;
  transport?: CameraTransport | undefined;
  /** Whether the newest picture is looked at now, default yes: `CameraInput.isPrompt`. */
  isPrompt?: (() => boolean) | undefined;
  /**
   * While `isPrompt`: from when on the newest unit is needed, on the clock that never jumps; it is asked again and again, default at
   * once. Until then the camera may be read as if it were not. Units that FFmpeg copies come as they do.
   */
  pictureDueMs?: (() => number) | undefined;
  /** Longest silence before the camera counts as gone. */
  stallMs?: number;
  signal: AbortSignal;
  clock: Clock;
  /** Called for each unit in decoding order. It must not wait. */
  onUnit: (unit: Unit) => void;
}

const stallMsDefault = 15_000;

/**
 * Reads the units of a camera without decoding them, until it goes. One FFmpeg copies them into a pipe, and is gone when this
 * returns.
 * @throws AppError `unavailable` when the stream ends (it never just finishes) or stalls, `unprocessable` when it is no H.264 or
 *   HEVC, as from a camera that speaks HTTP, `cancelled` on the signal
 */
export async function readUnits(options: ReadUnitsOptions): Promise<void> {
  const { ffmpeg, isPrompt, url, signal, transport } = options;
  requireUnits(url);
  const input = await openInput({ kind: 'camera', url, timestamps: 'stream', transport, isPrompt }, ffmpeg);
  let process: FfmpegProcess | undefined;
  try {
    process = FfmpegProcess.start({
      ffmpeg,
      arguments: [...input.arguments, ...copyArguments],
      signal,
      limits: { memoryBytes: fileMemoryBytesMax },
    });
    const failure = await readToTheEnd(process, options);
    if (signal.aborted) throw new AppError('cancelled', 'the reading was cancelled', { cause: signal.reason });
    throw input.problem ?? failure;
  } finally {
    await process?.stop();
    input.close();
  }
}

async function readToTheEnd(process: FfmpegProcess, options: ReadUnitsOptions): Promise<AppError> {
  const { stallMs = stallMsDefault } = options;
  const splitter = new UnitSplitter();
  const timeline = new UnitTimeline(options.clock);
  let failure: AppError | undefined;
  const fail = (error: AppError) => {
    failure ??= error;
    void process.stop();
  };
  const stall = new Patience(stallMs, () => fail(silent(stallMs)));
  process.pipes[0]?.on('data', (chunk: Buffer) => {
    for (const unit of splitter.push(chunk)) {
      stall.refresh();
      options.onUnit(timeline.place(unit));
    }
    if (splitter.hasForeignVideo) fail(new AppError('unprocessable', 'the video of the camera is neither H.264 nor HEVC'));
  });
  try {
    const exit = await process.exited;
    const cause = new Error(exit.stderrTail || `FFmpeg ended with ${exit.code ?? exit.killedBy}`);
    return failure ?? new AppError('unavailable', 'the stream of the camera ended', { cause, retryAfterMs: 1_000 });
  } finally {
    stall.end();
  }
}

/** @throws AppError `unprocessable` for a camera that sends pictures, each for itself, and no units */
export function requireUnits(url: string): void {
  if (isHttpUrl(url)) throw new AppError('unprocessable', 'the camera sends pictures over HTTP');
}

/** A length in front of each unit that has room for one: it is complete at once, and not only when the next one begins. */
const copyArguments = [
  ...['-map', '0:V:0', '-c', 'copy', '-bsf:v', 'dump_extra=freq=keyframe'],
  ...['-f', 'mpegts', '-omit_video_pes_length', '0', '-muxdelay', '0', '-muxpreload', '0', '-flush_packets', '1', 'pipe:1'],
];

function silent(stallMs: number): AppError {
  return new AppError('unavailable', `no frame for ${Math.round(stallMs / 1_000)} s`, { retryAfterMs: 1_000 });
}
