import { decodeFrames, goodConnectionMs, reconnectPauseMs, type DecodedFrame, type FfmpegBinary, type JpegPicture } from '@nightjar/media';
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
}

/** `online` from the first frame of a connection, `offline` with the reason when it ends. */
export type CameraState = { state: 'online' } | { state: 'offline'; reason: string };

export interface CameraHandlers {
  onFrame: (frame: LiveFrame) => void;
  onState: (state: CameraState) => void;
}

/**
 * Frames of one RTSP camera, for ever: whenever its stream ends, stalls or can't be had, it is opened again after a pause. FFmpeg
 * ends with 0 when a camera hangs up: no end of a live stream counts as done.
 */
export class CameraSource {
  constructor(private readonly options: CameraSourceOptions) {}

  /** Runs until the signal aborts; then FFmpeg is gone. Never rejects for anything that the camera does. */
  async run(handlers: CameraHandlers, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.options;
    let failedAttempts = 0;
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      const { reason, frames } = await this.readUntilItEnds(handlers, signal);
      if (signal.aborted) return;
      if (frames > 0 && clock.monotonicMs() - startedMs >= goodConnectionMs) failedAttempts = 0;
      const pauseMs = reconnectPauseMs(failedAttempts++, Math.random());
      handlers.onState({ state: 'offline', reason });
      logger.warn('camera offline', { reason, retryInMs: pauseMs });
      await sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  private async readUntilItEnds(handlers: CameraHandlers, signal: AbortSignal): Promise<{ reason: string; frames: number }> {
    const { ffmpeg, url, framesPerSecond, clock } = this.options;
    let frames = 0;
    try {
      const decoded = decodeFrames({
        ffmpeg,
        input: { kind: 'camera', url },
        samplesPerSecond: framesPerSecond,
        samplesPerPicture: 1,
        signal,
        clock,
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
