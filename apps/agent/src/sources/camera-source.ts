import { decodeFrames, type DecodedFrame, type FfmpegBinary, type JpegPicture } from '@nightjar/media';
import { sleep, toAppError, type Clock, type Logger } from '@nightjar/runtime';

/** One picture of a live camera. */
export interface LiveFrame {
  picture: JpegPicture;
  /** Unix ms of its arrival. */
  capturedAtMs: number;
  /** The same moment on the clock that never jumps; only good for differences. */
  monotonicMs: number;
}

export interface CameraSourceOptions {
  ffmpeg: FfmpegBinary;
  /** Holds the camera's credentials: never log it. */
  url: string;
  framesPerSecond: number;
  clock: Clock;
  logger: Logger;
  /** Longest silence of a connected camera before the connection is given up. */
  stallMs?: number;
  firstPauseMs?: number;
}

/** `online` from the first frame of a connection, `offline` with the reason when it ends. */
export type CameraState = { state: 'online' } | { state: 'offline'; reason: string };

export interface CameraHandlers {
  onFrame: (frame: LiveFrame) => void;
  onState: (state: CameraState) => void;
}

const firstPauseMsDefault = 1_000;
const longestPauseMs = 30_000;
/** A connection that gave frames for this long was a good one: the next pause is short again. */
const goodConnectionMs = 10_000;

/**
 * Frames of one RTSP camera, for ever: whenever its stream ends, stalls or can't be had, it is opened again, after 1 s, 2 s, …
 * 30 s, a random half of it taken off so that cameras behind one failed switch do not come back together. FFmpeg ends with 0 when
 * a camera hangs up: no end of a live stream counts as done.
 */
export class CameraSource {
  constructor(private readonly options: CameraSourceOptions) {}

  /** Runs until the signal aborts; then FFmpeg is gone. Never rejects for anything that the camera does. */
  async run(handlers: CameraHandlers, signal: AbortSignal): Promise<void> {
    const { clock, firstPauseMs = firstPauseMsDefault } = this.options;
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      const { reason, frames } = await this.readUntilItEnds(handlers, signal);
      if (signal.aborted) return;
      if (frames > 0 && clock.monotonicMs() - startedMs >= goodConnectionMs) pauseMs = firstPauseMs;
      handlers.onState({ state: 'offline', reason });
      this.options.logger.warn('camera offline', { reason, retryInMs: pauseMs });
      await sleep(pauseMs * (0.5 + Math.random() / 2), signal).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  private async readUntilItEnds(handlers: CameraHandlers, signal: AbortSignal): Promise<{ reason: string; frames: number }> {
    const { ffmpeg, url, framesPerSecond, clock, stallMs } = this.options;
    let frames = 0;
    try {
      const decoded = decodeFrames({
        ffmpeg,
        input: { kind: 'camera', url },
        samplesPerSecond: framesPerSecond,
        samplesPerPicture: 1,
        signal,
        clock,
        ...(stallMs === undefined ? {} : { stallMs }),
      });
      for await (const frame of decoded) {
        if (frames++ === 0) this.announceOnline(handlers);
        this.hand(frame, handlers);
      }
      return { reason: 'the stream of the camera ended', frames };
    } catch (thrown) {
      const error = toAppError(thrown);
      if (!signal.aborted) this.options.logger.debug('camera stream ended', { error });
      return { reason: error.message, frames };
    }
  }

  private announceOnline(handlers: CameraHandlers): void {
    this.options.logger.info('camera online');
    handlers.onState({ state: 'online' });
  }

  private hand({ picture, atMs }: DecodedFrame, handlers: CameraHandlers): void {
    if (picture) handlers.onFrame({ picture, capturedAtMs: atMs, monotonicMs: this.options.clock.monotonicMs() });
  }
}
