import os from 'node:os';
import { Controller, Get, Query } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { z } from 'zod';
import { parseInput } from '../http/parse-input.js';
import { thresholds, type ResourceSample } from './resource-history.js';
import { percent, ResourceSampler, type MachineState } from './resource-sampler.js';

export const HistoryQuery = z.object({ minutes: z.coerce.number().int().min(1).max(1_440).default(60) });

/** How this installation stands and what its machine is busy with, as OpenNVR's monitors read it. */
@Controller('api/v1/system')
export class SystemController {
  constructor(private readonly sampler: ResourceSampler) {}

  /** Pictures go to adapters in private networks only, there is no cloud, and no RTSP is sent out. */
  @Get('posture')
  @Policy({ kind: 'superuser' })
  posture() {
    return { deployment_mode: 'offline', ai_sovereignty: 'local_only', mediamtx_allow_plaintext_outputs: false };
  }

  @Get('resources')
  @Policy({ kind: 'superuser' })
  async resources() {
    const { atUnixMs, cpuPercent, disk, memory } = await this.sampler.read();
    return {
      sampled_at: new Date(atUnixMs).toISOString(),
      ts: Math.floor(atUnixMs / 1_000),
      scope: 'host',
      cpu_percent: cpuPercent,
      load_avg: os.loadavg(),
      memory: { total: memory.totalBytes, used: memory.usedBytes, percent: percent(memory.usedBytes, memory.totalBytes) },
      disk: disk ? diskView(disk) : null,
      disk_error: disk ? null : 'the disk of recordings does not answer',
      monitoring_available: true,
      active_alerts: this.sampler.history.alerts(),
      thresholds: {
        cpu_percent_threshold: thresholds.cpuPercent,
        memory_percent_threshold: thresholds.memoryPercent,
        disk_used_percent_threshold: thresholds.diskUsedPercent,
        sustained_seconds: thresholds.sustainedMs / 1_000,
      },
    };
  }

  /** Oldest first: every 15 s for up to an hour, every five minutes beyond. */
  @Get('resources/history')
  @Policy({ kind: 'superuser' })
  async history(@Query() query: unknown) {
    const { minutes } = parseInput(HistoryQuery, query, 'query');
    const { atUnixMs } = await this.sampler.read();
    return { points: this.sampler.history.list(atUnixMs - minutes * 60_000, atUnixMs).map(pointView) };
  }
}

/** What it is called, not where it is. */
function diskView({ freeBytes, totalBytes }: NonNullable<MachineState['disk']>) {
  const used = totalBytes - freeBytes;
  return { path: 'recordings', total: totalBytes, used, free: freeBytes, percent: percent(used, totalBytes) };
}

function pointView({ atUnixMs, cpuPercent, diskFreeBytes, diskPercent, memoryPercent }: ResourceSample) {
  return {
    ts: Math.floor(atUnixMs / 1_000),
    cpu_percent: cpuPercent,
    memory_percent: memoryPercent,
    disk_percent: diskPercent,
    disk_free: diskFreeBytes,
  };
}
