import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { sleep, type Logger } from '@nightjar/runtime';
import { CamerasStore, type Camera } from '../cameras/cameras.store.js';
import { LOGGER } from '../process-parts.js';
import type { CameraRecorder } from './camera-recorder.js';
import { CameraRecorders } from './camera-recorders.js';

/** The nudge over the bus may be lost; rows are asked this often anyway. */
const reconcileEveryMs = 5_000;

interface Running {
  recorder: CameraRecorder;
  /** How the camera is reached; another one means a new recorder. */
  connection: string;
}

/** Keeps one recorder for each camera that is to be recorded. Cameras share nothing: one that hangs holds no other. */
@Injectable()
export class RecorderService {
  private readonly running = new Map<number, Running>();
  private wakeUp = new AbortController();

  constructor(
    private readonly cameras: CamerasStore,
    private readonly recorders: CameraRecorders,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

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
        await this.reconcile(await this.cameras.listRecorded());
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

  private async reconcile(wanted: readonly Camera[]): Promise<void> {
    const connections = new Map(wanted.map((camera) => [camera.id, connectionOf(camera)]));
    const obsolete = [...this.running].filter(([cameraId, { connection }]) => connections.get(cameraId) !== connection);
    await Promise.all(
      obsolete.map(async ([cameraId, { recorder }]) => {
        await recorder.stop();
        this.running.delete(cameraId);
      }),
    );
    for (const camera of wanted) if (!this.running.has(camera.id)) this.start(camera);
  }

  private start(camera: Camera): void {
    const recorder = this.recorders.make(camera);
    this.running.set(camera.id, { recorder, connection: connectionOf(camera) });
    recorder.start();
    this.logger.info('recording', { cameraId: camera.id });
  }
}

/** The password counts without being kept. */
function connectionOf(camera: Camera): string {
  const password = createHash('sha256')
    .update(camera.encryptedPassword ?? '')
    .digest('base64');
  return [camera.rtspUrl, camera.username ?? '', password].join(' ');
}
