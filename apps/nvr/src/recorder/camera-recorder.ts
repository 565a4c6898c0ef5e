import path from 'node:path';
import { goodConnectionMs, reconnectPauseMs, type CameraTransport, type FfmpegBinary } from '@nightjar/media';
import { AppError, pause, type Clock, type Logger } from '@nightjar/runtime';
import { probeWriting } from '../retention/disk-space.js';
import { keepCameraIdentity } from '../segments/camera-identity.js';
import type { LiveParts } from './live-parts.js';
import { runRecordingSession, type RecordingSessionOptions, type SessionEnd } from './recording-session.js';
import { SegmentQueue } from './segment-queue.js';
import type { SegmentRows } from './segment-rows.js';
import { runWatchingSession } from './watching-session.js';

/** A disk that could not be written is asked this often while the camera is away. */
const lookEveryMs = 2_000;
/** A camera that goes on describing its pictures anew is connected to anew only this often: a player that reads on may cope. */
const newPicturesEveryMs = 5 * 60_000;

interface CameraRecorderOptions {
  camera: { id: number; uuid: string; framesName: string; name: string; rtspUrl: string };
  /** Asked before each connection: the address is checked anew. */
  findUrl: () => Promise<string>;
  /** How its packets come; absent: as it can send them. */
  transport?: CameraTransport | undefined;
  /** Whether its sound is recorded too, if it is AAC. */
  withSound?: boolean | undefined;
  /** Told at each end of a connection why there is no picture. */
  onProblem: (reason: string) => void;
  ffmpeg: FfmpegBinary;
  root: string;
  /** False: it is connected to only because somebody watches it. */
  isRecorded: boolean;
  segmentMs: number;
  rows: Pick<SegmentRows, 'put'>;
  live: LiveParts;
  clock: Clock;
  logger: Logger;
  random: () => number;
}

/** Records one camera, and has its live video, for as long as it is wanted: connects, records, and after each end waits and connects again, for ever. */
export class CameraRecorder {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private failedAttempts = 0;
  private recordedUntilMs: number | undefined;
  /** Whether the camera turned out to need FFmpeg, also where it is only watched. */
  private needsFfmpeg = false;
  /** When a connection ended last because the camera described its pictures anew. */
  private newPicturesAtMs = Number.NEGATIVE_INFINITY;
  private readonly queue: SegmentQueue;

  constructor(private readonly options: CameraRecorderOptions) {
    const { camera, clock, logger, root } = options;
    const { framesName, name, rtspUrl, uuid } = camera;
    this.queue = new SegmentQueue({
      cameraId: camera.id,
      prepare: () => keepCameraIdentity(root, { uuid, frames_name: framesName, name, rtsp_url: rtspUrl }),
      probe: () => probeWriting(path.join(root, uuid)),
      clock,
      logger,
    });
  }

  /** Error code of the disk while files can't be written. */
  get diskProblem(): string | undefined {
    return this.queue.problem;
  }

  start(): void {
    this.running ??= this.recordForEver();
  }

  /** Writes down what is under way. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async recordForEver(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.recordOnce();
      if (signal.aborted) return;
      await this.pause(reconnectPauseMs(this.failedAttempts, this.options.random()));
      this.failedAttempts++;
    }
  }

  /** Meanwhile nothing is written that would tell whether the disk is well again. */
  private async pause(pauseMs: number): Promise<void> {
    const { signal } = this.stopping;
    for (let leftMs = pauseMs; leftMs > 0 && !signal.aborted; leftMs -= lookEveryMs) {
      await this.queue.look();
      await pause(Math.min(leftMs, lookEveryMs), signal);
    }
  }

  private async recordOnce(): Promise<void> {
    const { camera, clock, ffmpeg, findUrl, isRecorded, live, logger, root, rows, segmentMs, transport, withSound } = this.options;
    try {
      const url = await findUrl();
      // Whoever stopped it may wait no longer, and have made another one.
      if (this.stopping.signal.aborted) return;
      const end = await this.runSession({
        ffmpeg,
        url,
        transport,
        withSound,
        root,
        camera,
        isRecorded,
        segmentMs,
        rows,
        live,
        clock,
        previousEndMs: this.recordedUntilMs,
        queue: this.queue,
        endsAtNewPictures: () => clock.monotonicMs() - this.newPicturesAtMs >= newPicturesEveryMs,
        signal: this.stopping.signal,
      });
      this.recordedUntilMs = end.recordedUntilMs;
      if (end.recordedMs >= goodConnectionMs) this.failedAttempts = 0;
      this.report(end);
    } catch (error) {
      if (error instanceof AppError) this.options.onProblem(error.message);
      // A camera that cannot be reached is no fault of ours, and is said at every try.
      if (error instanceof AppError)
        logger.warn('a camera cannot be recorded, it is tried again', { cameraId: camera.id, reason: error.message });
      else logger.error('recording failed, it is tried again', { cameraId: camera.id, error });
    }
  }

  private async runSession(session: RecordingSessionOptions): Promise<SessionEnd> {
    const { camera, isRecorded, logger, transport, withSound } = this.options;
    if (isRecorded || withSound === true || transport === 'udp') return runRecordingSession(session);
    try {
      if (!this.needsFfmpeg) return await runWatchingSession(session);
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'unprocessable')) throw error;
      logger.info('a camera is watched through FFmpeg', { cameraId: camera.id, reason: error.message });
    }
    const end = await runRecordingSession(session);
    // One that gave nothing in this way either may have been broken: it is asked in the first way again.
    this.needsFfmpeg = end.recordedMs > 0;
    return end;
  }

  private report({ cameraSaid, ffmpegSaid, reason, recordedMs }: SessionEnd): void {
    if (reason === 'stopped') return;
    // No problem of the camera: what it sends now is recorded in a moment.
    if (reason === 'new pictures') this.newPicturesAtMs = this.options.clock.monotonicMs();
    else this.options.onProblem(cameraSaid ?? reason);
    this.options.logger.warn('the stream of a camera ended, it is tried again', {
      cameraId: this.options.camera.id,
      reason,
      recordedMs: Math.round(recordedMs),
      cameraSaid,
      ffmpegSaid,
    });
  }
}
