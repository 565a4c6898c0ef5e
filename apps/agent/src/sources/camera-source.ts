import {
  decodeFrames,
  goodConnectionMs,
  readUnits,
  reconnectPauseMs,
  type DecodedUnit,
  type FfmpegBinary,
  type HardwareDecoder,
  type JpegPicture,
} from '@nightjar/media';
import { AppError, sleep, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import type { FrameMotion } from '../analytics/frame-result.js';
import { DecodePolicy, type Demand } from '../decode/decode-policy.js';
import { WatchedStream, type DecodeStatus } from '../decode/watched-stream.js';
import type { MotionObservation } from '../sampling/motion-detector.js';
import { UnitWatcher } from '../sampling/unit-watcher.js';

/** One picture of a live camera. */
export interface LiveFrame {
  picture: JpegPicture;
  /** Unix ms of its arrival. */
  capturedAtMs: number;
  /** The same moment on the clock that never jumps; only good for differences. */
  monotonicMs: number;
  /** What moves on it; absent while that is not known: at the start, after a change of light, and for cameras that can't be watched. */
  motion?: FrameMotion | undefined;
}

export interface CameraSourceOptions {
  ffmpeg: FfmpegBinary;
  /** Holds the camera's credentials: never log it. */
  url: string;
  framesPerSecond: number;
  /** Where pictures are decoded; absent: on the CPU. */
  hardware?: HardwareDecoder | undefined;
  /** After so long without anything that moves only key frames are decoded; 0: never. */
  idleAfterMs?: number | undefined;
  clock: Clock;
  logger: Logger;
}

/** `online` from the first frame of a connection, `offline` with the reason when it ends. */
export type CameraState = { state: 'online' } | { state: 'offline'; reason: string };

export interface CameraHandlers {
  onFrame: (frame: LiveFrame) => void;
  onState: (state: CameraState) => void;
  /** How much is decoded has changed. */
  onDecode?: (status: DecodeStatus) => void;
}

const idleAfterMsDefault = 60_000;

/**
 * Frames of one RTSP camera, for ever: whenever its stream ends, stalls or can't be had, it is opened again after a pause. FFmpeg
 * ends with 0 when a camera hangs up: no end of a live stream counts as done. While nothing moves only key frames are decoded;
 * while nobody wants anything the camera is not even opened.
 */
export class CameraSource {
  private readonly policy: DecodePolicy;
  private readonly watcher = new UnitWatcher();
  private readonly logger: Logger;
  private stream: WatchedStream | undefined;
  private handlers: CameraHandlers | undefined;
  /** Ends the connection that is open. */
  private connection: AbortController | undefined;
  private wanted: () => void = () => undefined;
  /** Its video is of a kind whose units can't be told apart. */
  private isForeign = false;

  constructor(private readonly options: CameraSourceOptions) {
    this.logger = options.logger;
    this.policy = new DecodePolicy({ idleAfterMs: options.idleAfterMs ?? idleAfterMsDefault });
    this.policy.want('motion', options.clock.monotonicMs());
  }

  /** What is wanted of it from now on: at first whatever moves. */
  want(demand: Demand): void {
    if (!this.policy.want(demand, this.options.clock.monotonicMs())) return;
    this.tellDecision();
    if (demand === 'nothing') this.connection?.abort();
    else this.wanted();
  }

  /** Somebody is being followed: everything is decoded, moving or not. */
  hasTracks(): void {
    if (this.policy.happens('track', this.options.clock.monotonicMs())) this.tellDecision();
  }

  /** Undefined while there is no connection, and for video whose units can't be told apart. */
  get status(): DecodeStatus | undefined {
    return this.stream?.status;
  }

  /** Runs until the signal aborts; then FFmpeg is gone. Never rejects for anything that the camera does. */
  async run(handlers: CameraHandlers, signal: AbortSignal): Promise<void> {
    this.handlers = handlers;
    let failedAttempts = 0;
    while (!signal.aborted) {
      if (this.policy.current.state === 'off') await this.untilWanted(signal);
      const startedMs = this.options.clock.monotonicMs();
      const { reason, frames } = await this.readUntilItEnds(handlers, signal);
      if (signal.aborted) return;
      if (this.policy.current.state === 'off') continue;
      if (frames > 0 && this.options.clock.monotonicMs() - startedMs >= goodConnectionMs) failedAttempts = 0;
      const pauseMs = reconnectPauseMs(failedAttempts++, Math.random());
      handlers.onState({ state: 'offline', reason });
      this.logger.warn('camera offline', { reason, retryInMs: pauseMs });
      await sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  private async readUntilItEnds(handlers: CameraHandlers, signal: AbortSignal): Promise<{ reason: string; frames: number }> {
    const progress = { frames: 0 };
    const connection = new AbortController();
    const end = () => connection.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    this.connection = connection;
    const take = (frame: LiveFrame) => {
      if (progress.frames++ === 0) this.announceOnline(handlers);
      handlers.onFrame(frame);
    };
    try {
      if (this.isForeign) await this.readPictures(take, connection.signal);
      else await this.readWatched(take, connection);
      return { reason: 'the stream of the camera ended', ...progress };
    } catch (thrown) {
      const error = toAppError(thrown);
      if (!connection.signal.aborted) this.logger.debug('camera stream ended', { error });
      return { reason: error.message, ...progress };
    } finally {
      signal.removeEventListener('abort', end);
      this.connection = undefined;
    }
  }

  /** The usual way: units are watched, and decoded as far as it is worth while. */
  private async readWatched(take: (frame: LiveFrame) => void, connection: AbortController): Promise<void> {
    const { clock, ffmpeg, framesPerSecond, hardware, url } = this.options;
    let failure: AppError | undefined;
    const stream = new WatchedStream({
      ffmpeg,
      hardware,
      picturesPerSecond: framesPerSecond,
      policy: this.policy,
      watcher: this.watcher,
      clock,
      logger: this.logger,
      onPicture: (picture, observed) => take(frameOf(picture, observed)),
      onDecision: () => this.tellDecision(),
      onFailure: (error) => {
        failure = error;
        connection.abort();
      },
    });
    this.stream = stream;
    try {
      await readUnits({ ffmpeg, url, signal: connection.signal, clock, onUnit: (unit) => stream.take(unit) });
    } catch (thrown) {
      const error = failure ?? toAppError(thrown);
      if (error.code !== 'unprocessable') throw error;
      this.isForeign = true;
      this.logger.info('the camera cannot be watched without decoding', { reason: error.message });
    } finally {
      this.stream = undefined;
      await stream.stop();
    }
    if (this.isForeign) await this.readPictures(take, connection.signal);
  }

  /** For video whose units can't be told apart: everything is decoded. */
  private async readPictures(take: (frame: LiveFrame) => void, signal: AbortSignal): Promise<void> {
    const { clock, ffmpeg, framesPerSecond, url } = this.options;
    const decoded = decodeFrames({
      ffmpeg,
      input: { kind: 'camera', url },
      samplesPerSecond: framesPerSecond,
      samplesPerPicture: 1,
      signal,
      clock,
    });
    for await (const { atMs, picture } of decoded) if (picture) take({ picture, capturedAtMs: atMs, monotonicMs: clock.monotonicMs() });
  }

  private announceOnline(handlers: CameraHandlers): void {
    this.logger.info('camera online');
    handlers.onState({ state: 'online' });
  }

  private tellDecision(): void {
    const { state, reason } = this.policy.current;
    const status = this.status;
    this.logger.debug('decoding changes', { state, reason, separation: status?.separation });
    if (status) this.handlers?.onDecode?.(status);
  }

  private untilWanted(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        signal.removeEventListener('abort', end);
        this.wanted = () => undefined;
        resolve();
      };
      signal.addEventListener('abort', end, { once: true });
      this.wanted = end;
      if (signal.aborted) end();
    });
  }
}

function frameOf({ picture, unit }: DecodedUnit, { motion, verdict }: MotionObservation): LiveFrame {
  const isKnown = verdict === 'moving' || verdict === 'quiet';
  return {
    picture,
    capturedAtMs: unit.arrivedUnixMs,
    monotonicMs: unit.arrivedMonotonicMs,
    ...(isKnown ? { motion } : {}),
  };
}
