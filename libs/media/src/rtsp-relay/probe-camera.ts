import { AppError } from '@nightjar/runtime';
import type { FfmpegBinary } from '../find-ffmpeg.js';
import { openInput, startOn } from '../media-input.js';
import { fileMemoryBytesMax } from '../process-limits.js';
import type { CameraTransport } from './transport-header.js';

/** What a camera sends. */
export interface CameraProbe {
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** What its sound is encoded with, as RTP names it (`mpeg4-generic` is AAC); undefined without. */
  readonly soundEncoding: string | undefined;
}

/** Connecting, asking and the wait for a key frame; some cameras send one every ten seconds. */
const wallLimitMs = 20_000;
const outputCharactersMax = 4_096;

/**
 * Connects to a camera, waits for its first picture without decoding it, and hangs up.
 * @param options.url with an address that was checked, and credentials. Never log it
 * @throws AppError `unavailable` with the reason in words for a person; `cancelled`
 */
export async function probeCamera(options: {
  ffmpeg: FfmpegBinary;
  url: string;
  transport?: CameraTransport | undefined;
  signal: AbortSignal;
}): Promise<CameraProbe> {
  const { ffmpeg, signal, transport, url } = options;
  const input = await openInput({ kind: 'camera', url, transport }, ffmpeg);
  try {
    const process = startOn(input, {
      ffmpeg,
      arguments: [...input.arguments, '-map', '0:V:0', '-c', 'copy', '-frames:v', '1', '-f', 'framecrc', 'pipe:1'],
      signal,
      wallLimitMs,
      limits: { memoryBytes: fileMemoryBytesMax },
    });
    let text = '';
    process.pipes[0]?.on('data', (chunk: Buffer) => (text = (text + chunk.toString('latin1')).slice(0, outputCharactersMax)));
    const exit = await process.exited;
    if (signal.aborted) throw new AppError('cancelled', 'the look at the camera was cancelled');
    const codec = /^#codec_id 0: (\S+)$/m.exec(text)?.[1];
    const [, width, height] = /^#dimensions 0: (\d+)x(\d+)$/m.exec(text) ?? [];
    if (codec !== undefined && width !== undefined && height !== undefined && /^0,/m.test(text))
      return { codec, width: Number(width), height: Number(height), soundEncoding: input.soundEncoding };
    if (input.problem) throw input.problem;
    const reason = exit.stopped === 'wall_limit' ? 'the camera sends no picture' : 'the camera sends no video that can be read';
    throw new AppError('unavailable', reason, { cause: new Error(exit.stderrTail) });
  } finally {
    input.close();
  }
}
