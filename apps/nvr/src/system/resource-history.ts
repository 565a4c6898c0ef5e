/** What the machine was busy with at one moment; a null is not known. */
export interface ResourceSample {
  readonly atUnixMs: number;
  readonly cpuPercent: number | null;
  readonly memoryPercent: number | null;
  readonly diskPercent: number | null;
  readonly diskFreeBytes: number | null;
}

/** One alert for as long as what it says is so. */
export interface ResourceAlert {
  readonly alert_type: AlertType;
  readonly since: string;
}
export type AlertType = 'cpu_high' | 'memory_high' | 'disk_low' | 'disk_stat_error';

/** When the machine is busy enough to say so. */
export interface MonitoringPolicy {
  readonly enabled: boolean;
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  /** For how long CPU and memory have to be so. */
  readonly sustainedSeconds: number;
  /** Null: the share that is used counts alone. */
  readonly diskFreeBytesMin: number | null;
  readonly diskUsedPercent: number;
  /** A share is over when it is so many percent below what began it. */
  readonly resolveHysteresisPercent: number;
  /** What goes on is told again after so long; 0: it is not. */
  readonly repeatMinutes: number;
}

export const defaultMonitoringPolicy: MonitoringPolicy = {
  enabled: true,
  cpuPercent: 90,
  memoryPercent: 90,
  sustainedSeconds: 120,
  diskFreeBytesMin: null,
  diskUsedPercent: 90,
  resolveHysteresisPercent: 5,
  repeatMinutes: 60,
};

export const sampleEveryMs = 15_000;
/** An hour of samples, and a day of means. */
const samplesMax = 240;
const meanOfMs = 300_000;
const meansMax = 288;

/** What this machine was busy with: every 15 s of the last hour, every five minutes of the last day. Nothing of it is stored. */
export class ResourceHistory {
  private readonly samples: ResourceSample[] = [];
  private readonly means: ResourceSample[] = [];
  private unmeant: ResourceSample[] = [];

  add(sample: ResourceSample): void {
    this.samples.push(sample);
    if (this.samples.length > samplesMax) this.samples.shift();
    this.unmeant.push(sample);
    if (sample.atUnixMs - this.unmeant[0]!.atUnixMs < meanOfMs - sampleEveryMs) return;
    this.means.push(meanOf(this.unmeant));
    this.unmeant = [];
    if (this.means.length > meansMax) this.means.shift();
  }

  get newest(): ResourceSample | undefined {
    return this.samples.at(-1);
  }

  /** Oldest first: in fine grain where all of the time asked for is at hand in it, as for an hour. */
  list(sinceUnixMs: number, nowUnixMs: number): ResourceSample[] {
    const isHour = nowUnixMs - sinceUnixMs <= samplesMax * sampleEveryMs;
    const kept = isHour ? this.samples : [...this.means, ...this.unmeant.slice(-1)];
    return kept.filter(({ atUnixMs }) => atUnixMs >= sinceUnixMs);
  }

  alerts(policy: MonitoringPolicy): ResourceAlert[] {
    if (!policy.enabled) return [];
    const { diskFreeBytesMin, resolveHysteresisPercent } = policy;
    const share = (pick: (sample: ResourceSample) => number | null, begins: number) => ({
      begins: (sample: ResourceSample) => (pick(sample) ?? 0) >= begins,
      lasts: (sample: ResourceSample) => (pick(sample) ?? 0) >= begins - resolveHysteresisPercent,
    });
    const isShort = ({ diskFreeBytes }: ResourceSample) =>
      diskFreeBytesMin !== null && diskFreeBytes !== null && diskFreeBytes < diskFreeBytesMin;
    const isAway = ({ diskPercent }: ResourceSample) => diskPercent === null;
    const disk = share((sample) => sample.diskPercent, policy.diskUsedPercent);
    const diskLow = {
      begins: (sample: ResourceSample) => isShort(sample) || disk.begins(sample),
      lasts: (sample: ResourceSample) => isShort(sample) || disk.lasts(sample),
    };
    const sustainedMs = policy.sustainedSeconds * 1_000;
    return [
      ...this.since('cpu_high', share((sample) => sample.cpuPercent, policy.cpuPercent), sustainedMs), // prettier-ignore
      ...this.since('memory_high', share((sample) => sample.memoryPercent, policy.memoryPercent), sustainedMs), // prettier-ignore
      ...this.since('disk_low', diskLow, 0),
      ...this.since('disk_stat_error', { begins: isAway, lasts: isAway }, 0),
    ];
  }

  /** The alert that the samples, oldest first, have begun and not ended, if it has lasted long enough. */
  private since(
    type: AlertType,
    { begins, lasts }: Record<'begins' | 'lasts', (sample: ResourceSample) => boolean>,
    sustainedMs: number,
  ): ResourceAlert[] {
    let sinceUnixMs: number | undefined;
    for (const sample of this.samples)
      if (sinceUnixMs === undefined ? begins(sample) : lasts(sample)) sinceUnixMs ??= sample.atUnixMs;
      else sinceUnixMs = undefined;
    if (sinceUnixMs === undefined || (this.newest?.atUnixMs ?? 0) - sinceUnixMs < sustainedMs) return [];
    return [{ alert_type: type, since: new Date(sinceUnixMs).toISOString() }];
  }
}

function meanOf(samples: readonly ResourceSample[]): ResourceSample {
  const last = samples.at(-1)!;
  const mean = (pick: (sample: ResourceSample) => number | null) => {
    const known = samples.map(pick).filter((value) => value !== null);
    return known.length === 0 ? null : Math.round((known.reduce((sum, value) => sum + value, 0) / known.length) * 10) / 10;
  };
  return {
    atUnixMs: last.atUnixMs,
    cpuPercent: mean((sample) => sample.cpuPercent),
    memoryPercent: mean((sample) => sample.memoryPercent),
    diskPercent: mean((sample) => sample.diskPercent),
    diskFreeBytes: last.diskFreeBytes,
  };
}
