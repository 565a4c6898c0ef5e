import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { camerasChanged, FramesName } from '@nightjar/contracts';
import { Bus } from '@nightjar/messaging';
import { AppError, pause, type Logger } from '@nightjar/runtime';
import type { Actor } from '../audit/actor.js';
import { AuditLog } from '../audit/audit-log.js';
import { CamerasStore, type Camera } from '../cameras/cameras.store.js';
import { parseCameraReference } from '../cameras/parse-camera-reference.js';
import type { ApiConfig } from '../config.js';
import { CONFIG, LOGGER } from '../process-parts.js';
import { ErasedCamerasStore, type ErasedCamera } from './erased-cameras.store.js';

const lookEveryMs = 30_000;
const batchRows = 500;
const uuidForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Erases cameras: a mark first, from which on nobody sees anything of it; then the recorder removes its files, and this process its
 * pictures and events; the row goes last. A crash at any point leaves the mark, and the next look goes on. Any number of processes may
 * do it at once.
 */
@Injectable()
export class CameraErasure implements OnModuleInit, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: ErasedCamerasStore,
    private readonly cameras: CamerasStore,
    private readonly audit: AuditLog,
    private readonly bus: Bus,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.running = this.repeat(this.stopping.signal);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Deleted or not. @throws AppError `not_found`, also for one that is being erased */
  async find(reference: string): Promise<Camera> {
    const parsed = parseCameraReference(reference);
    const camera = parsed && (await this.cameras.findEvenDeleted(parsed));
    if (!camera) throw new AppError('not_found', 'Camera not found');
    return camera;
  }

  /** @throws AppError `conflict` for the demo camera, which the next start would make again */
  async erase(camera: Camera, by: Actor): Promise<void> {
    if (camera.isDemo && camera.isActive) throw new AppError('conflict', 'the demo camera goes when NIGHTJAR_DEMO_CAMERA_URL is not set');
    const act = { action: 'camera.erased', entityType: 'camera', entityId: camera.id, details: { name: camera.name } } as const;
    await this.store.begin(camera.id, this.audit.entryOf(by, act));
    this.bus.publish(camerasChanged, { camera_id: camera.id });
  }

  /** @throws the error of the database or of a disk; nothing is lost, the next run goes on */
  async run(signal: AbortSignal): Promise<void> {
    for (const camera of await this.store.list()) {
      if (signal.aborted) return;
      await this.removePictures(camera);
      for (let removed = batchRows; removed === batchRows && !signal.aborted;)
        removed = await this.store.removeEvents(camera.id, batchRows);
      // Once more: an event may have come with one.
      await this.removePictures(camera);
      if (camera.hasNoFiles && !signal.aborted && (await this.store.finish(camera.id)))
        this.logger.info('a camera is erased', { cameraId: camera.id });
    }
  }

  private async removePictures({ framesName, uuid }: ErasedCamera): Promise<void> {
    const { evidenceDir, thumbnailsDir } = this.config;
    for (const directory of uuidForm.test(uuid) ? [evidenceDir, thumbnailsDir] : [])
      await rm(path.join(directory, uuid), { recursive: true, force: true });
    if (FramesName.safeParse(framesName).success) await rm(path.join(this.config.framesDir, framesName), { recursive: true, force: true });
  }

  private async repeat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.run(signal).catch((error: unknown) => this.logger.warn('a camera cannot be erased now, it is tried again', { error }));
      await pause(lookEveryMs, signal);
    }
  }
}
