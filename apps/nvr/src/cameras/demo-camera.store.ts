import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { DATABASE } from '../process-parts.js';
import type { Camera } from './cameras.store.js';

/** The one row that comes from a setting. */
@Injectable()
export class DemoCameraStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** The demo camera has one fixed identity: it is the same over restarts and even over a wiped camera table. */
  upsert(demo: {
    uuid: string;
    framesName: string;
    name: string;
    rtspUrl: string;
    username: string | null;
    encryptedPassword: Uint8Array<ArrayBuffer> | null;
  }): Promise<Camera> {
    const { rtspUrl, username, encryptedPassword } = demo;
    const current = {
      rtspUrl,
      username,
      encryptedPassword,
      isDemo: true,
      isActive: true,
      deletedAt: null,
      erasedAt: null,
      filesErasedAt: null,
    };
    return this.database.camera.upsert({ where: { uuid: demo.uuid }, create: { ...demo, ...current }, update: current });
  }

  async deactivate(uuid: string): Promise<void> {
    await this.database.camera.updateMany({ where: { uuid, isActive: true }, data: { isActive: false } });
  }
}
