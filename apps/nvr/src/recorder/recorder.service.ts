import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { pause, sleep, type Logger } from '@nightjar/runtime';
import { CamerasStore, type Camera } from '../cameras/cameras.store.js';
import { LOGGER } from '../process-parts.js';
import type { CameraRecorder } from './camera-recorder.js';
import { CameraRecorders } from './camera-recorders.js';
import { keyOf, LiveSources, type CameraStream } from './live-sources.js';

/** The nudge over the bus may be lost; rows are asked this often anyway. */
const reconcileEveryMs = 5_000;
/** What is under way is written down in less, also where the disk or a name server does not answer. What takes longer goes on alone. */
const stopMsMax = 15_000;

interface Wanted extends CameraStream {
  camera: Camera;
  isRecorded: boolean;
}

interface Running {
  recorder: CameraRecorder;
  /** How the camera is reached; another one means a new recorder. */
  connection: string;
}

/**
 * Keeps one recorder, and with it one connection, for each camera that is to be recorded or is being watched, and one more while its
 * smaller stream is. Cameras share nothing: one that hangs holds no other.
 */
@Injectable()
export class RecorderService {
  /** By camera and stream. */
  private readonly running = new Map<string, Running>();
  private wakeUp = new AbortController();

  constructor(
    private readonly cameras: CamerasStore,
    private readonly recorders: CameraRecorders,
    private readonly live: LiveSources,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    live.onInterest = () => this.wake();
  }

  /** Which cameras can't be written to disk; undefined when all can. */
  get diskProblem(): string | undefined {
    const problems = [...this.running.values()].map(({ recorder }) => recorder.diskProblem).filter((problem) => problem !== undefined);
    return problems.length === 0 ? undefined : `recordings of ${problems.length} cameras cannot be written (${problems[0]})`;
  }

  /** Follows the rows until the signal aborts; then everything that is under way is written down. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.wake(), { once: true });
    while (!signal.aborted) {
      try {
        await this.reconcile(await this.listWanted());
      } catch (error) {
        this.logger.warn('cameras cannot be read, those known go on', { error });
      }
      await pause(reconcileEveryMs, this.wakeUp.signal);
      if (!signal.aborted) this.wakeUp = new AbortController();
    }
    await this.reconcile([]);
  }

  /** Cameras have changed: rows are read now. */
  wake(): void {
    this.wakeUp.abort();
  }

  /** Those to be recorded, then those that are watched though nobody records them. */
  private async listWanted(): Promise<Wanted[]> {
    const recorded = await this.cameras.listRecorded();
    const wanted: Wanted[] = recorded.map((camera) => ({ camera, cameraId: camera.id, stream: 'main', isRecorded: true }));
    const recordedKeys = new Set(wanted.map(keyOf));
    const watched = this.live.watchedStreams().filter((stream) => !recordedKeys.has(keyOf(stream)));
    if (watched.length === 0) return wanted;
    const cameras = new Map((await this.cameras.listByIds(watched.map(({ cameraId }) => cameraId))).map((camera) => [camera.id, camera]));
    for (const { cameraId, stream } of watched) {
      const camera = cameras.get(cameraId);
      if (camera && isThere(camera, stream)) wanted.push({ camera, cameraId, stream, isRecorded: false });
    }
    return wanted;
  }

  private async reconcile(wanted: readonly Wanted[]): Promise<void> {
    const connections = new Map(wanted.map((one) => [keyOf(one), connectionOf(one)]));
    const obsolete = [...this.running].filter(([key, { connection }]) => connections.get(key) !== connection);
    await Promise.all(
      obsolete.map(async ([key, { recorder }]) => {
        await this.stop(recorder);
        this.running.delete(key);
      }),
    );
    for (const one of wanted) if (!this.running.has(keyOf(one))) this.start(one);
    this.live.keepOnly(new Set(connections.keys()));
  }

  private async stop(recorder: CameraRecorder): Promise<void> {
    const isOver = new AbortController();
    const late = sleep(stopMsMax, isOver.signal).then(
      () => this.logger.error('a recorder does not stop, it is left alone'),
      () => undefined,
    );
    await Promise.race([recorder.stop(), late]);
    isOver.abort();
  }

  private start(wanted: Wanted): void {
    const { camera, isRecorded, stream } = wanted;
    const recorder = this.recorders.make(camera, { isRecorded, stream, live: this.live.partsOf(wanted) });
    this.running.set(keyOf(wanted), { recorder, connection: connectionOf(wanted) });
    recorder.start();
    this.logger.info(isRecorded ? 'recording' : 'watching without recording', { cameraId: camera.id, stream });
  }
}

/** Whether a camera has such a stream, and is to be read at all. */
function isThere({ deletedAt, isActive, substreamUrl }: Camera, stream: CameraStream['stream']): boolean {
  return isActive && deletedAt === null && (stream === 'main' || substreamUrl !== null);
}

/** The password counts without being kept. */
function connectionOf({ camera, isRecorded, stream }: Wanted): string {
  const password = createHash('sha256')
    .update(camera.encryptedPassword ?? '')
    .digest('base64');
  const url = stream === 'main' ? camera.rtspUrl : camera.substreamUrl;
  return [isRecorded, url, camera.rtspTransport, camera.audioEnabled, camera.username ?? '', password].join(' ');
}
