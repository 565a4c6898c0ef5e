import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { sleep, type Logger } from '@nightjar/runtime';
import { CamerasStore, type Camera } from '../cameras/cameras.store.js';
import { LOGGER } from '../process-parts.js';
import type { CameraRecorder } from './camera-recorder.js';
import { CameraRecorders } from './camera-recorders.js';
import { LiveSources } from './live-sources.js';

/** The nudge over the bus may be lost; rows are asked this often anyway. */
const reconcileEveryMs = 5_000;

interface Wanted {
  camera: Camera;
  isRecorded: boolean;
}

interface Running {
  recorder: CameraRecorder;
  /** How the camera is reached; another one means a new recorder. */
  connection: string;
}

/**
 * Keeps one recorder, and with it one connection, for each camera that is to be recorded or is being watched. Cameras share
 * nothing: one that hangs holds no other.
 */
@Injectable()
export class RecorderService {
  private readonly running = new Map<number, Running>();
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
      await sleep(reconcileEveryMs, this.wakeUp.signal).catch(() => undefined);
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
    const recordedIds = new Set(recorded.map(({ id }) => id));
    const watchedIds = this.live.watchedIds().filter((cameraId) => !recordedIds.has(cameraId));
    const watched = watchedIds.length === 0 ? [] : await this.cameras.listByIds(watchedIds);
    return [
      ...recorded.map((camera) => ({ camera, isRecorded: true })),
      ...watched.filter(({ deletedAt, isActive }) => isActive && deletedAt === null).map((camera) => ({ camera, isRecorded: false })),
    ];
  }

  private async reconcile(wanted: readonly Wanted[]): Promise<void> {
    const connections = new Map(wanted.map((one) => [one.camera.id, connectionOf(one)]));
    const obsolete = [...this.running].filter(([cameraId, { connection }]) => connections.get(cameraId) !== connection);
    await Promise.all(
      obsolete.map(async ([cameraId, { recorder }]) => {
        await recorder.stop();
        this.running.delete(cameraId);
      }),
    );
    for (const one of wanted) if (!this.running.has(one.camera.id)) this.start(one);
    this.live.keepOnly(new Set(connections.keys()));
  }

  private start(wanted: Wanted): void {
    const { camera, isRecorded } = wanted;
    const recorder = this.recorders.make(camera, { isRecorded, live: this.live.partsOf(camera.id) });
    this.running.set(camera.id, { recorder, connection: connectionOf(wanted) });
    recorder.start();
    this.logger.info(isRecorded ? 'recording' : 'watching without recording', { cameraId: camera.id });
  }
}

/** The password counts without being kept. */
function connectionOf({ camera, isRecorded }: Wanted): string {
  const password = createHash('sha256')
    .update(camera.encryptedPassword ?? '')
    .digest('base64');
  return [isRecorded, camera.rtspUrl, camera.rtspTransport, camera.audioEnabled, camera.username ?? '', password].join(' ');
}
