import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { CameraView } from '@nightjar/contracts';
import type { Clock, Logger } from '@nightjar/runtime';
import { CamerasService } from '../cameras/cameras.service.js';
import { streamNameOf } from '../live-view/gateway-tokens.js';
import { CLOCK, LOGGER } from '../process-parts.js';
import { LiveHub } from './live-hub.js';
import { LiveMessage, type CameraStatusChange } from './live-message.js';
import { RepeatedLook } from './repeated-look.js';

/** By camera. */
type KnownStatus = ReadonlyMap<number, CameraView['status']>;

/**
 * Tells live clients of cameras that come and go. Whether one is there is read off the rows of its recordings, which any process may
 * write, so the rows are asked, and only while somebody listens: the first look then tells nothing.
 */
@Injectable()
export class CameraStatusFeed implements OnModuleDestroy {
  private known: KnownStatus | undefined;
  private readonly looks: RepeatedLook;

  constructor(
    private readonly cameras: CamerasService,
    private readonly hub: LiveHub,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.looks = new RepeatedLook({ look: () => this.tellChanges(), isWanted: () => this.isWanted(), what: 'cameras', logger });
  }

  async onModuleDestroy(): Promise<void> {
    await this.looks.stop();
  }

  /** What was known when the last listener left is old for the next one. */
  private isWanted(): boolean {
    if (!this.hub.hasStatusListeners) this.known = undefined;
    return this.hub.hasStatusListeners;
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
  return views.flatMap(({ id, name: camera_name, status, status_reason: reason }) => {
    if (status === 'unknown' || status === (known.get(id) ?? status)) return [];
    return [{ camera_id: id, camera_name, status, path: streamNameOf(id), reason, occurred_at: new Date(nowMs).toISOString() }];
  });
}
