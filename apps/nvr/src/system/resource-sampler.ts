import os from 'node:os';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Clock, Logger } from '@nightjar/runtime';
import type { NvrConfig } from '../config.js';
import { CLOCK, CONFIG, LOGGER } from '../process-parts.js';
import { readDiskSpace, type DiskSpace } from '../retention/disk-space.js';
import { MonitoringPolicies } from './monitoring-policies.js';
import { ResourceHistory, sampleEveryMs } from './resource-history.js';
import { SystemEvents } from './system-events.js';

/** As long as names of hosts may be. In a container it is the container's. */
export const hostName = os.hostname().slice(0, 255);

/** The machine at one moment; undefined: not known. */
export interface MachineState {
  readonly atUnixMs: number;
  readonly cpuPercent: number | null;
  readonly memory: { readonly totalBytes: number; readonly usedBytes: number };
  /** The one that recordings are on. */
  readonly disk: DiskSpace | undefined;
}

/** Looks every 15 s what the machine is busy with: all of it, not this process. */
@Injectable()
export class ResourceSampler implements OnModuleDestroy {
  readonly history = new ResourceHistory();
  private cpuBefore = cpuTimes();
  private readonly timer = setInterval(() => (this.sampling = this.sample()), sampleEveryMs);
  private sampling: Promise<void> = Promise.resolve();

  constructor(
    private readonly policies: MonitoringPolicies,
    private readonly events: SystemEvents,
    @Inject(CONFIG) private readonly config: NvrConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.sampling;
  }

  /** Now; the CPU since the last sample. */
  async read(): Promise<MachineState> {
    const disk = await readDiskSpace(this.config.recordingsDir).catch(() => undefined);
    const total = os.totalmem();
    return {
      atUnixMs: this.clock.wallMs(),
      cpuPercent: this.history.newest?.cpuPercent ?? cpuPercentBetween(this.cpuBefore, cpuTimes()),
      memory: { totalBytes: total, usedBytes: total - os.freemem() },
      disk,
    };
  }

  private async sample(): Promise<void> {
    const { atUnixMs, disk, memory } = await this.read();
    const now = cpuTimes();
    const cpuPercent = cpuPercentBetween(this.cpuBefore, now);
    this.cpuBefore = now;
    this.history.add({
      atUnixMs,
      cpuPercent,
      memoryPercent: percent(memory.usedBytes, memory.totalBytes),
      diskPercent: disk ? percent(disk.totalBytes - disk.freeBytes, disk.totalBytes) : null,
      diskFreeBytes: disk?.freeBytes ?? null,
    });
    await this.tell().catch((error: unknown) => this.logger.warn('what is the matter with the machine cannot be written down', { error }));
  }

  private async tell(): Promise<void> {
    const policy = await this.policies.current();
    await this.events.note({ host: hostName, alerts: this.history.alerts(policy), repeatMinutes: policy.repeatMinutes });
  }
}

/** With one digit. */
export function percent(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.round((part / whole) * 1_000) / 10;
}

interface CpuTimes {
  readonly idleMs: number;
  readonly allMs: number;
}

function cpuTimes(): CpuTimes {
  const times = os.cpus().map((cpu) => cpu.times);
  const idleMs = times.reduce((sum, { idle }) => sum + idle, 0);
  return { idleMs, allMs: times.reduce((sum, { idle, irq, nice, sys, user }) => sum + idle + irq + nice + sys + user, 0) };
}

/** @returns null where no time has passed, or the system does not count */
function cpuPercentBetween(before: CpuTimes, now: CpuTimes): number | null {
  const all = now.allMs - before.allMs;
  return all <= 0 ? null : percent(all - (now.idleMs - before.idleMs), all);
}
