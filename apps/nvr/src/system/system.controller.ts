import os from 'node:os';
import { Body, Controller, Get, Put, Query, Req } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { parseInput } from '../http/parse-input.js';
import { MonitoringPolicies } from './monitoring-policies.js';
import { posture } from './posture.js';
import type { MonitoringPolicy, ResourceSample } from './resource-history.js';
import { hostName, percent, ResourceSampler, type MachineState } from './resource-sampler.js';
import { SystemEvents } from './system-events.js';

export const HistoryQuery = z.object({ minutes: z.coerce.number().int().min(1).max(1_440).default(60) });

const bytesOfGb = 1024 ** 3;
const Percent = z.number().min(1).max(100);
export const SystemEventsQuery = z.object({
  event_type: z.enum(['cpu_high', 'memory_high', 'disk_low', 'disk_stat_error']).optional(),
  event_state: z.enum(['active', 'inactive']).optional(),
  skip: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const MonitoringBody = z.strictObject({
  enabled: z.boolean().optional(),
  cpu_percent_threshold: Percent.optional(),
  memory_percent_threshold: Percent.optional(),
  sustained_seconds: z.number().int().min(15).max(3_600).optional(),
  disk_min_free_gb: z.number().min(0.1).max(1_000_000).nullish(),
  disk_used_percent_threshold: Percent.optional(),
  resolve_hysteresis_percent: z.number().min(0).max(50).optional(),
  /** Alerts are not sent anywhere: clients that send what they read are not refused for it. */
  notify_integrations: z.literal(false).optional(),
  renotify_cooldown_minutes: z.number().int().min(0).max(10_080).optional(),
});

/** How this installation stands and what its machine is busy with, as OpenNVR's monitors read it. */
@Controller('api/v1/system')
export class SystemController {
  constructor(
    private readonly sampler: ResourceSampler,
    private readonly policies: MonitoringPolicies,
    private readonly events: SystemEvents,
  ) {}

  @Get('posture')
  @Policy({ kind: 'superuser' })
  posture() {
    return posture;
  }

  @Get('resources')
  @Policy({ kind: 'superuser' })
  async resources() {
    const { atUnixMs, cpuPercent, disk, memory } = await this.sampler.read();
    const policy = await this.policies.current();
    return {
      sampled_at: new Date(atUnixMs).toISOString(),
      ts: Math.floor(atUnixMs / 1_000),
      scope: 'host',
      /** Which one answers: where several processes serve, each looks at its own. */
      host: hostName,
      cpu_percent: cpuPercent,
      load_avg: os.loadavg(),
      memory: { total: memory.totalBytes, used: memory.usedBytes, percent: percent(memory.usedBytes, memory.totalBytes) },
      disk: disk ? diskView(disk) : null,
      disk_error: disk ? null : 'the disk of recordings does not answer',
      monitoring_available: true,
      active_alerts: this.sampler.history.alerts(policy),
      thresholds: {
        cpu_percent_threshold: policy.cpuPercent,
        memory_percent_threshold: policy.memoryPercent,
        disk_used_percent_threshold: policy.diskUsedPercent,
        sustained_seconds: policy.sustainedSeconds,
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

  /** What was the matter with the machines that the NVR runs on, and when it was over; newest first. */
  @Get('events')
  @Policy({ kind: 'superuser' })
  async listEvents(@Query() query: unknown) {
    const { event_state: eventState, event_type: eventType, ...page } = parseInput(SystemEventsQuery, query, 'query');
    const { found, total } = await this.events.list({ eventState, eventType, ...page });
    const events = found.map((event) => ({
      id: event.id,
      host: event.host === '' ? null : event.host,
      event_type: event.eventType,
      event_state: event.eventState,
      severity: event.severity,
      description: event.description,
      data: event.data,
      occurred_at: event.occurredAt.toISOString(),
    }));
    return { events, total };
  }

  @Get('monitoring-settings')
  @Policy({ kind: 'superuser' })
  async monitoring() {
    return policyView(await this.policies.current());
  }

  @Put('monitoring-settings')
  @Policy({ kind: 'superuser' })
  async changeMonitoring(@Body() body: unknown, @Req() request: FastifyRequest) {
    const given = parseInput(MonitoringBody, body, 'body');
    const gigabytes = given.disk_min_free_gb;
    const policy = await this.policies.change(actorOf(request), {
      enabled: given.enabled,
      cpuPercent: given.cpu_percent_threshold,
      memoryPercent: given.memory_percent_threshold,
      sustainedSeconds: given.sustained_seconds,
      diskFreeBytesMin: typeof gigabytes === 'number' ? Math.round(gigabytes * bytesOfGb) : gigabytes,
      diskUsedPercent: given.disk_used_percent_threshold,
      resolveHysteresisPercent: given.resolve_hysteresis_percent,
      repeatMinutes: given.renotify_cooldown_minutes,
    });
    return policyView(policy);
  }
}

function policyView(policy: MonitoringPolicy) {
  return {
    enabled: policy.enabled,
    cpu_percent_threshold: policy.cpuPercent,
    memory_percent_threshold: policy.memoryPercent,
    sustained_seconds: policy.sustainedSeconds,
    disk_min_free_gb: policy.diskFreeBytesMin === null ? null : policy.diskFreeBytesMin / bytesOfGb,
    disk_used_percent_threshold: policy.diskUsedPercent,
    resolve_hysteresis_percent: policy.resolveHysteresisPercent,
    notify_integrations: false,
    renotify_cooldown_minutes: policy.repeatMinutes,
  };
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
