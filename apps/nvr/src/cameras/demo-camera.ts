import { Inject, Injectable } from '@nestjs/common';
import { SettingsError, type Logger } from '@nightjar/runtime';
import type { ApiConfig } from '../config.js';
import { CONFIG, LOGGER } from '../process-parts.js';
import { CameraConnections } from './camera-connections.js';
import { checkCameraUrl } from './check-camera-url.js';
import { DemoCameraStore } from './demo-camera.store.js';

/** The identity that the public documentation's requests name. */
const demoCamera = { uuid: '70c75b04-1ec8-4aa1-930c-ddad9e47b54b', framesName: 'camera_0', name: 'Demo camera' } as const;

/** Brings the demo camera in line with NIGHTJAR_DEMO_CAMERA_URL. */
@Injectable()
export class DemoCamera {
  constructor(
    private readonly store: DemoCameraStore,
    private readonly connections: CameraConnections,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** With the setting there is one, active and at that address; without it, an earlier one stays with its recordings but inactive. */
  async ensure(): Promise<void> {
    const { demoCameraUrl } = this.config;
    if (demoCameraUrl === undefined) return this.store.deactivate(demoCamera.uuid);
    const checked = checkCameraUrl(demoCameraUrl);
    if ('problem' in checked) throw new SettingsError(`NIGHTJAR_DEMO_CAMERA_URL ${checked.problem}`);
    const encryptedPassword = this.connections.sealPassword(demoCamera.uuid, checked.password ?? null);
    const { id } = await this.store.upsert({
      ...demoCamera,
      rtspUrl: checked.url,
      username: checked.username ?? null,
      encryptedPassword,
    });
    this.logger.info('demo camera ready', { cameraId: id });
  }
}
