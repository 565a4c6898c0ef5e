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
  readonly alert_type: 'cpu_high' | 'memory_high' | 'disk_low' | 'disk_stat_error';
  readonly since: string;
}

export const sampleEveryMs = 15_000;
/** An hour of samples, and a day of means. */
const samplesMax = 240;
const meanOfMs = 300_000;
const meansMax = 288;
/** In percent; CPU and memory count when they stay there. */
export const thresholds = { cpuPercent: 90, memoryPercent: 90, diskUsedPercent: 90, sustainedMs: 120_000 } as const;

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

  alerts(): ResourceAlert[] {
    const { newest } = this;
    if (!newest) return [];
    const { cpuPercent, diskUsedPercent, memoryPercent } = thresholds;
    return [
      ...this.sustained('cpu_high', (sample) => (sample.cpuPercent ?? 0) >= cpuPercent),
      ...this.sustained('memory_high', (sample) => (sample.memoryPercent ?? 0) >= memoryPercent),
      ...this.since('disk_low', (sample) => (sample.diskPercent ?? 0) >= diskUsedPercent),
      ...this.since('disk_stat_error', (sample) => sample.diskPercent === null),
    ];
  }

  private sustained(type: ResourceAlert['alert_type'], holds: (sample: ResourceSample) => boolean): ResourceAlert[] {
    const last = this.newest?.atUnixMs ?? 0;
    return this.since(type, holds).filter(({ since }) => last - Date.parse(since) >= thresholds.sustainedMs);
  }

  /** From the first of the newest samples for which it holds without a break. */
  private since(type: ResourceAlert['alert_type'], holds: (sample: ResourceSample) => boolean): ResourceAlert[] {
    const before = this.samples.findLastIndex((sample) => !holds(sample));
    const first = this.samples[before + 1];
    return first ? [{ alert_type: type, since: new Date(first.atUnixMs).toISOString() }] : [];
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
