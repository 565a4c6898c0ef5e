import { goodConnectionMs, reconnectPauseMs, type CameraTransport, type FfmpegBinary } from '@nightjar/media';
import { AppError, sleep, type Clock, type Logger } from '@nightjar/runtime';
import { isDiskError } from '../retention/disk-space.js';
import { keepCameraIdentity } from './camera-identity.js';
import type { LiveParts } from './live-parts.js';
import { runRecordingSession, type RecordingSessionOptions, type SessionEnd } from './recording-session.js';
import type { SegmentRows } from './segment-rows.js';
import { runWatchingSession } from './watching-session.js';

/** A disk that is full may have room again at any moment, and the camera is not to blame. */
const diskPauseMs = 2_000;

export interface CameraRecorderOptions {
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
  /** Error code of the disk while files can't be written. */
  diskProblem: string | undefined;

  constructor(private readonly options: CameraRecorderOptions) {}

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
      const pauseMs = this.diskProblem === undefined ? reconnectPauseMs(this.failedAttempts, this.options.random()) : diskPauseMs;
      await sleep(pauseMs, signal).catch(() => undefined);
      this.failedAttempts = this.diskProblem === undefined ? this.failedAttempts + 1 : 0;
    }
  }

  private async recordOnce(): Promise<void> {
    const { camera, clock, ffmpeg, findUrl, isRecorded, live, logger, root, rows, segmentMs, transport, withSound } = this.options;
    try {
      const url = await findUrl();
      const { framesName, name, rtspUrl, uuid } = camera;
      if (isRecorded) await keepCameraIdentity(root, { uuid, frames_name: framesName, name, rtsp_url: rtspUrl });
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
        onWritten: () => (this.diskProblem = undefined),
        signal: this.stopping.signal,
      });
      this.recordedUntilMs = end.recordedUntilMs;
      if (end.recordedMs >= goodConnectionMs) this.failedAttempts = 0;
      this.report(end);
    } catch (error) {
      if (isDiskError(error)) this.diskProblem = (error as NodeJS.ErrnoException).code;
      else if (error instanceof AppError) this.options.onProblem(error.message);
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
    this.options.onProblem(cameraSaid ?? reason);
    this.options.logger.warn('the stream of a camera ended, it is tried again', {
      cameraId: this.options.camera.id,
      reason,
      recordedMs: Math.round(recordedMs),
      cameraSaid,
      ffmpegSaid,
    });
  }
}
