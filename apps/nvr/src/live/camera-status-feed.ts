import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { CameraView } from '@nightjar/contracts';
import type { Clock, Logger } from '@nightjar/runtime';
import { CamerasService } from '../cameras/cameras.service.js';
import { CLOCK, LOGGER } from '../process-parts.js';
import { LiveHub } from './live-hub.js';
import { LiveMessage, type CameraStatusChange } from './live-message.js';

/** What the API shows of a camera changes by the rows of its recorder, every other second. */
const lookEveryMs = 2_000;

/** By camera. */
export type KnownStatus = ReadonlyMap<number, CameraView['status']>;

/**
 * Tells live clients of cameras that come and go. Whether one is there is read off the rows of its recordings, which any process may
 * write, so the rows are asked, and only while somebody listens: the first look then tells nothing.
 */
@Injectable()
export class CameraStatusFeed implements OnModuleDestroy {
  private known: KnownStatus | undefined;
  private looking: Promise<void> | undefined;
  private readonly timer = setInterval(() => this.look(), lookEveryMs);

  constructor(
    private readonly cameras: CamerasService,
    private readonly hub: LiveHub,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  private look(): void {
    if (this.looking) return;
    if (!this.hub.hasStatusListeners) {
      this.known = undefined;
      return;
    }
    this.looking = this.tellChanges()
      .catch((error: unknown) => this.logger.warn('cameras cannot be read, it is tried again', { error }))
      .finally(() => (this.looking = undefined));
  }

  private async tellChanges(): Promise<void> {
    const views = await this.cameras.listForSystem();
    if (this.known) {
      for (const change of statusChanges(this.known, views, this.clock.wallMs())) {
        this.hub.tellCameraStatus(change.camera_id, new LiveMessage({ event: 'camera_status', data: change }));
      }
    }
    this.known = new Map(views.map(({ id, status }) => [id, status]));
  }
}

/** Cameras that are there now and were not, or were and are not. One that is not known to be either is not spoken of. */
export function statusChanges(known: KnownStatus, views: readonly CameraView[], nowMs: number): CameraStatusChange[] {
  return views.flatMap(({ frames_name: path, id, name: camera_name, status, status_reason: reason }) => {
    if (status === 'unknown' || status === (known.get(id) ?? status)) return [];
    return [{ camera_id: id, camera_name, status, path, reason, occurred_at: new Date(nowMs).toISOString() }];
  });
}
