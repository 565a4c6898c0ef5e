import {
  goodConnectionMs,
  reconnectPauseMs,
  type CameraTransport,
  type DecodedUnit,
  type FfmpegBinary,
  type HardwareDecoder,
  type JpegPicture,
  type Rotation,
  type Unit,
} from '@nightjar/media';
import { AppError, pause, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import type { FrameMotion } from '../analytics/frame-result.js';
import { DecodePolicy, type DatedDecision, type Demand } from '../decode/decode-policy.js';
import { WatchedStream, type DecodeStatus } from '../decode/watched-stream.js';
import type { MotionObservation } from '../sampling/motion-detector.js';
import { UnitWatcher } from '../sampling/unit-watcher.js';
import { firstReading, nextReading, readCameraPictures, readCameraUnits, type Reading } from './reading.js';
import { StreamChoice, type CameraStream } from './stream-choice.js';

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

interface CameraSourceOptions {
  ffmpeg: FfmpegBinary;
  /** What is analysed: the substream of a camera that has one. Holds the camera's credentials: never log it. */
  url: string;
  /** The main stream of a camera whose substream `url` is, for when that is of no use. Holds credentials too. */
  mainUrl?: string | null | undefined;
  /** How it sends its packets; default `auto`. */
  transport?: CameraTransport | undefined;
  framesPerSecond: number;
  /** How pictures are turned; default 0. */
  rotation?: Rotation | undefined;
  /** Where pictures are decoded; absent: on the CPU. */
  hardware?: HardwareDecoder | undefined;
  /** After so long without anything that moves only key frames are decoded; 0: never. */
  idleAfterMs?: number | undefined;
  clock: Clock;
  logger: Logger;
}

/** What is told to people of a source: how much is decoded of which stream, and why. Counts go on over connections. */
export interface SourceStatus {
  decision: DatedDecision;
  lastWake: DatedDecision | undefined;
  stream: CameraStream;
  /** Why it is the main stream though there is a substream. */
  mainBecause: string | null;
  reading: Reading;
  /** Whether pictures came on the connection that is open. */
  isConnected: boolean;
  /** Of the newest one; undefined: there was none yet. */
  picture: { width: number; height: number } | undefined;
  units: number;
  pictures: number;
  unitsDropped: number;
  /** Undefined while there is no connection, and for video whose units can't be told apart. */
  watched: DecodeStatus | undefined;
}

/** `online` from the first frame of a connection, `offline` with the reason when it ends. */
export type CameraState = { state: 'online' } | { state: 'offline'; reason: string };

interface CameraHandlers {
  onFrame: (frame: LiveFrame) => void;
  onState: (state: CameraState) => void;
  /** How much is decoded has changed. */
  onDecode?: (status: DecodeStatus) => void;
}

const idleAfterMsDefault = 60_000;
const noCounts = { units: 0, pictures: 0, unitsDropped: 0 };

/**
 * Frames of one camera, for ever: whenever its stream ends, stalls or can't be had, it is opened again after a pause. No end of a
 * live stream counts as done. While nothing moves only key frames are decoded; while nobody wants anything the camera is not even
 * opened. Of a camera with two streams the smaller one is taken as long as it is of use.
 */
export class CameraSource {
  private readonly policy: DecodePolicy;
  private readonly choice: StreamChoice;
  /** What is usual for a stream is so after it was away; the sizes of the other stream are others. */
  private readonly watchers: Readonly<Record<CameraStream, UnitWatcher>> = { main: new UnitWatcher(), sub: new UnitWatcher() };
  /** The ways that worked last; absent: the first one is tried. */
  private readonly readings: Partial<Record<CameraStream, Reading>> = {};
  private readonly logger: Logger;
  private watched: WatchedStream | undefined;
  private handlers: CameraHandlers | undefined;
  /** Ends the connection that is open. */
  private connection: AbortController | undefined;
  /** The connection ends because the other stream is taken. */
  private isSwitching = false;
  private isOnline = false;
  private wanted: () => void = () => undefined;
  private picture: SourceStatus['picture'];
  /** Of the connections that are over. */
  private counts = noCounts;

  constructor(private readonly options: CameraSourceOptions) {
    this.logger = options.logger;
    this.policy = new DecodePolicy({ idleAfterMs: options.idleAfterMs ?? idleAfterMsDefault });
    this.choice = new StreamChoice({ url: options.url, mainUrl: options.mainUrl ?? null });
    this.policy.want('motion', options.clock.monotonicMs());
  }

  /** What is wanted of it from now on: at first whatever moves. */
  want(demand: Demand): void {
    const nowMs = this.options.clock.monotonicMs();
    const mayMissSomething = this.policy.current.state === 'active' && this.options.idleAfterMs !== 0;
    if (!mayMissSomething && this.choice.retry(nowMs)) this.switchStream();
    if (!this.policy.want(demand, nowMs)) return;
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
    return this.watched?.status;
  }

  /** Everything that is told to people. */
  get decoding(): SourceStatus {
    const { choice, isOnline: isConnected, picture, policy, reading, status: watched } = this;
    const { mainBecause, stream } = choice;
    const { dated: decision, lastWake } = policy;
    const counts = this.countsWith(watched);
    return { decision, lastWake, stream, mainBecause, reading, isConnected, picture, ...counts, watched };
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
      if (this.policy.current.state === 'off' || this.isSwitching) continue;
      const nowMs = this.options.clock.monotonicMs();
      if (frames === 0) this.giveUpOn(reason, nowMs);
      else if (nowMs - startedMs >= goodConnectionMs) failedAttempts = 0;
      const pauseMs = reconnectPauseMs(failedAttempts++, Math.random());
      handlers.onState({ state: 'offline', reason });
      this.logger.warn('camera offline', { reason, retryInMs: pauseMs });
      await pause(pauseMs, signal);
    }
  }

  private async readUntilItEnds(handlers: CameraHandlers, signal: AbortSignal): Promise<{ reason: string; frames: number }> {
    const progress = { frames: 0 };
    const connection = new AbortController();
    const end = () => connection.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    this.connection = connection;
    this.isSwitching = false;
    const take = (frame: LiveFrame) => {
      if (progress.frames++ === 0) this.announceOnline(handlers);
      this.look(frame.picture);
      handlers.onFrame(frame);
    };
    try {
      await this.readAnyWay(take, connection);
      return { reason: 'the stream of the camera ended', ...progress };
    } catch (thrown) {
      const error = toAppError(thrown);
      if (!connection.signal.aborted) this.logger.debug('camera stream ended', { error });
      return { reason: error.message, ...progress };
    } finally {
      signal.removeEventListener('abort', end);
      this.connection = undefined;
      this.isOnline = false;
    }
  }

  /** How the stream that is taken is read. */
  private get reading(): Reading {
    return this.readings[this.choice.stream] ?? firstReading(this.choice.url, this.options.transport);
  }

  /** Reads in the way that worked last, and when that does not understand the camera, in the next one. */
  private async readAnyWay(take: (frame: LiveFrame) => void, connection: AbortController): Promise<void> {
    const { stream } = this.choice;
    for (;;) {
      const { reading } = this;
      try {
        if (reading === 'pictures') return await this.readPictures(take, connection.signal);
        return await this.readWatched(reading, take, connection);
      } catch (thrown) {
        const error = toAppError(thrown);
        const next = nextReading(reading);
        if (error.code !== 'unprocessable' || next === undefined || connection.signal.aborted) throw error;
        this.readings[stream] = next;
        this.logger.info('the camera is read in another way', { from: reading, to: next, reason: error.message });
      }
    }
  }

  /** The usual ways: units are watched, and decoded as far as it is worth while. */
  private async readWatched(reading: 'direct' | 'ffmpeg', take: (frame: LiveFrame) => void, connection: AbortController): Promise<void> {
    const { clock, ffmpeg, framesPerSecond, hardware, rotation, transport } = this.options;
    let failure: AppError | undefined;
    const watched = new WatchedStream({
      ffmpeg,
      hardware,
      rotation,
      picturesPerSecond: framesPerSecond,
      policy: this.policy,
      watcher: this.watchers[this.choice.stream],
      clock,
      logger: this.logger,
      onPicture: (picture, observed) => take(frameOf(picture, observed)),
      onDecision: () => this.tellDecision(),
      onFailure: (error) => {
        failure = error;
        connection.abort();
      },
    });
    this.watched = watched;
    try {
      const { signal } = connection;
      const { url } = this.choice;
      const isPrompt = () => this.policy.current.state === 'active';
      const pictureDueMs = () => watched.pictureDueMs;
      const onUnit = (unit: Unit) => watched.take(unit);
      await readCameraUnits(reading, { ffmpeg, url, transport, isPrompt, pictureDueMs, signal, clock, onUnit });
    } catch (error) {
      throw failure ?? error;
    } finally {
      this.counts = this.countsWith(watched.status);
      this.watched = undefined;
      await watched.stop();
    }
  }

  /** For video whose units can't be told apart: everything is decoded. */
  private async readPictures(take: (frame: LiveFrame) => void, signal: AbortSignal): Promise<void> {
    const { clock, ffmpeg, framesPerSecond, rotation, transport } = this.options;
    const pictures = readCameraPictures({ ffmpeg, url: this.choice.url, transport, framesPerSecond, rotation, signal, clock });
    for await (const { atMs, picture } of pictures) {
      if (!picture) continue;
      this.counts = { ...this.counts, pictures: this.counts.pictures + 1 };
      take({ picture, capturedAtMs: atMs, monotonicMs: clock.monotonicMs() });
    }
  }

  private countsWith({ pictures, units, unitsDropped }: Readonly<typeof noCounts> = noCounts): typeof noCounts {
    const { counts } = this;
    return { units: counts.units + units, pictures: counts.pictures + pictures, unitsDropped: counts.unitsDropped + unitsDropped };
  }

  private look({ height, width }: JpegPicture): void {
    this.picture = { width, height };
    if (this.choice.saw(this.picture, this.options.clock.monotonicMs())) this.switchStream();
  }

  /** A connection without a picture: another stream, or another way of reading, may be the better one. */
  private giveUpOn(reason: string, nowMs: number): void {
    const { stream } = this.choice;
    delete this.readings[stream];
    this.choice.failed(reason, nowMs);
    if (this.choice.stream !== stream) this.logger.info('another stream is taken', { stream: this.choice.stream, reason });
  }

  private switchStream(): void {
    const { mainBecause, stream } = this.choice;
    this.logger.info('another stream is taken', { stream, reason: mainBecause ?? 'the substream is tried again' });
    this.isSwitching = true;
    this.connection?.abort();
  }

  private announceOnline(handlers: CameraHandlers): void {
    this.isOnline = true;
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
