import { Controller, Get, Inject, Query, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CamerasService } from '../cameras/cameras.service.js';
import type { NvrConfig } from '../config.js';
import { parseInput } from '../http/parse-input.js';
import { CONFIG } from '../process-parts.js';
import { ProtectionsService } from './protections.service.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** NIGHTJAR_SEGMENT_SECONDS is the recorder's, and never more. */
const segmentSecondsMax = 60;

export const ScheduleQuery = z.object({
  skip: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** How recording is set up. It is read here; the operator changes it in the settings of the processes, and per camera. */
@Controller('api/v1/recordings')
export class RecordingSettingsController {
  constructor(
    private readonly cameras: CamerasService,
    private readonly protections: ProtectionsService,
    @Inject(CONFIG) private readonly config: NvrConfig,
  ) {}

  @Get('config')
  @Policy({ kind: 'superuser' })
  async recording(@Req() request: FastifyRequest) {
    return {
      mode: 'continuous',
      container: 'fmp4',
      segment_seconds_max: segmentSecondsMax,
      tiers: this.config.archive ? ['fast', 'archive'] : ['fast'],
      retention: await this.retention(request),
    };
  }

  /** How long recordings stay. A bound of null is none. */
  @Get('retention')
  @Policy({ kind: 'superuser' })
  async retention(@Req() request: FastifyRequest) {
    const { archive, retention } = this.config;
    const { total } = await this.protections.list(requirePrincipal(request), { reference: undefined, skip: 0, limit: 1 });
    return {
      enabled: Object.values(retention).some((bound) => bound > 0),
      retention_days: retention.ageMsMax / dayMs || null,
      max_bytes: retention.usedBytesMax || null,
      min_free_bytes: retention.freeBytesMin || null,
      archive: archive ? { after_hours: archive.afterMs / hourMs, max_bytes: archive.usedBytesMax || null } : null,
      protected_ranges: total,
    };
  }

  /** There is no timetable: a camera is recorded around the clock or not at all. */
  @Get('schedule')
  @Policy({ kind: 'superuser' })
  async schedule(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { limit, skip } = parseInput(ScheduleQuery, query, 'query');
    const { cameras, total } = await this.cameras.list(requirePrincipal(request), { skip, limit, activeOnly: false });
    return {
      mode: 'continuous',
      schedules: [],
      cameras: cameras.map(({ id, name, recording_enabled, recording_state }) => ({
        camera_id: id,
        camera_name: name,
        recording_enabled,
        recording_state,
      })),
      total,
    };
  }
}
