import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import { readRecorderState } from '@nightjar/contracts';
import { Bus } from '@nightjar/messaging';
import { AppError, type Clock } from '@nightjar/runtime';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasStore } from '../cameras/cameras.store.js';
import type { NvrConfig } from '../config.js';
import { CLOCK, CONFIG } from '../process-parts.js';
import { isSameDisk, readDiskSpace, type DiskSpace } from './disk-space.js';
import { forecastDaysLeft, roomOf } from './forecast-days-left.js';
import { RetentionStore, type CameraUsage } from './retention.store.js';

const recorderAnswerMsMax = 2_000;
const recentMs = 24 * 3_600_000;

/** How the store of recordings is. */
export interface StorageReport {
  /** Why not all is well; empty when it is. */
  degraded: string[];
  space: DiskSpace | undefined;
  /** Undefined without one. */
  archive: { space: DiskSpace | undefined } | undefined;
  /** Of the cameras that the caller sees; for superusers also of deleted ones. */
  usage: (CameraUsage & { name: string })[];
  daysLeft: number | undefined;
}

@Injectable()
export class StorageService {
  constructor(
    private readonly store: RetentionStore,
    private readonly cameras: CamerasStore,
    private readonly bus: Bus,
    @Inject(CONFIG) private readonly config: NvrConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async report(principal: Principal): Promise<StorageReport> {
    const nowMs = this.clock.wallMs();
    const [degraded, space, archive, all, recent] = await Promise.all([
      this.askRecorder(),
      readDiskSpace(this.config.recordingsDir),
      this.readArchive(),
      this.store.usageByCamera(),
      this.store.recordedSince(nowMs - recentMs),
    ]);
    const archivedBytes = all.reduce((sum, camera) => sum + camera.archivedBytes, 0);
    const daysLeft = forecastDaysLeft({
      bounds: this.config.retention,
      usedBytes: all.reduce((sum, { usedBytes }) => sum + usedBytes, 0) - archivedBytes,
      freeBytes: space?.freeBytes,
      archive: { usedBytes: archivedBytes, roomBytes: await this.roomOfArchive(archive?.space, archivedBytes) },
      recent: { bytes: recent.bytes, observedMs: nowMs - (recent.firstStartMs ?? nowMs) },
    });
    return { degraded, space, archive, usage: await this.visibleTo(principal, all), daysLeft };
  }

  private async readArchive(): Promise<StorageReport['archive']> {
    const { archive } = this.config;
    if (!archive) return undefined;
    return { space: await readDiskSpace(archive.directory) };
  }

  /** None that counts where the disk is the same or does not answer. */
  private async roomOfArchive(space: DiskSpace | undefined, usedBytes: number): Promise<number> {
    const { archive, recordingsDir, retention } = this.config;
    if (!archive || !space || (await isSameDisk(recordingsDir, archive.directory))) return 0;
    return Math.max(0, roomOf({ bounds: { ...retention, usedBytesMax: archive.usedBytesMax }, usedBytes, freeBytes: space.freeBytes }));
  }

  private async visibleTo(principal: Principal, all: readonly CameraUsage[]): Promise<StorageReport['usage']> {
    const scope = cameraScopeOf(principal);
    const visible = scope.kind === 'all' ? undefined : new Set(await this.cameras.listIds(scope));
    const usage = all.filter(({ cameraId }) => visible?.has(cameraId) ?? true);
    const names = new Map((await this.cameras.listByIds(usage.map(({ cameraId }) => cameraId))).map(({ id, name }) => [id, name]));
    return usage
      .map((camera) => ({ ...camera, name: names.get(camera.cameraId) ?? '' }))
      .sort((one, other) => one.cameraId - other.cameraId);
  }

  /** A recorder that does not answer is what is wrong. */
  private async askRecorder(): Promise<string[]> {
    try {
      return (await this.bus.request(readRecorderState, {}, { timeoutMs: recorderAnswerMsMax })).degraded;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return ['the recorder does not answer'];
    }
  }
}
