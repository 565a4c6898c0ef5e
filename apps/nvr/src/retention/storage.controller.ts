import { Controller, Get, Inject, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import type { NvrConfig } from '../config.js';
import { CONFIG } from '../process-parts.js';
import { scopes } from '../keys/api-keys.js';
import type { DiskSpace } from './disk-space.js';
import { StorageService, type StorageReport } from './storage.service.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

@Controller('api/v1/recordings/storage')
export class StorageController {
  constructor(
    private readonly storage: StorageService,
    @Inject(CONFIG) private readonly config: NvrConfig,
  ) {}

  /** What recordings take and how long there is room. A bound of null is none. */
  @Get()
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings, usersOnly: true })
  async show(@Req() request: FastifyRequest) {
    const { archive, daysLeft, degraded, space, usage } = await this.storage.report(requirePrincipal(request));
    const { ageMsMax, freeBytesMin, usedBytesMax } = this.config.retention;
    return {
      state: degraded.length === 0 ? 'ok' : 'degraded',
      degraded,
      used_bytes: usage.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
      free_bytes: space?.freeBytes ?? null,
      total_bytes: space?.totalBytes ?? null,
      archive: archive ? this.archiveView(archive.space, usage) : null,
      forecast_days_left: daysLeft ?? null,
      bounds: { days: ageMsMax / dayMs || null, used_bytes: usedBytesMax || null, free_bytes: freeBytesMin || null },
      cameras: usage.map(({ cameraId, clips, endsAtMs, name, startsAtMs, usedBytes }) => ({
        camera_id: cameraId,
        name,
        used_bytes: usedBytes,
        clips,
        oldest_unix: startsAtMs / 1_000,
        newest_unix: endsAtMs / 1_000,
      })),
    };
  }

  private archiveView(space: DiskSpace | undefined, usage: StorageReport['usage']) {
    const { archive } = this.config;
    return {
      used_bytes: usage.reduce((sum, { archivedBytes }) => sum + archivedBytes, 0),
      free_bytes: space?.freeBytes ?? null,
      total_bytes: space?.totalBytes ?? null,
      after_hours: (archive?.afterMs ?? 0) / hourMs,
      bounds: { used_bytes: archive?.usedBytesMax || null },
    };
  }
}
