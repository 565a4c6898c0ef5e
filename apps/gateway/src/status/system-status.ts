import { MediaType } from '@nightjar/contracts';
import type { CapacityBoard } from './capacity-board.js';
import { estimateStartSeconds } from './estimate-start.js';
import type { ObservedJobs, ObservedStore } from './observed.store.js';

/** What jobs take until an agent or a finished job has told: on a CPU with some cores, as documented. */
const assumedMsPerUnit: Record<MediaType, number> = { video: 500, image: 250 };
/** Of a job, until one has ended: a minute of video, ten pictures. */
const assumedUnitsPerJob: Record<MediaType, number> = { video: 60, image: 10 };

/** As the contract has it, with what it rests on. */
export interface LatencyView {
  media_type: MediaType;
  unit: 'second' | 'image';
  latency_ms_per_unit: number;
  /** 0: no job has ended yet, the number is the self-check's of an agent, or assumed. */
  observed_units: number;
}

/** What callers may know of the system as a whole. */
export class SystemStatus {
  constructor(
    private readonly board: CapacityBoard,
    private readonly observed: ObservedStore,
  ) {}

  /** @throws AppError `unavailable` while the database is away */
  async latency(mediaType: MediaType): Promise<LatencyView> {
    return this.latencyView(mediaType, await this.observed.findLatency(mediaType));
  }

  /** 0..1. */
  get usedCapacity(): number {
    return round(this.board.usedCapacity, 4);
  }

  /** @throws AppError `unavailable` while the database is away */
  async overview() {
    const { board, observed } = this;
    const [open, waits, ...latencies] = await Promise.all([
      observed.countOpen(),
      observed.findWaits(),
      ...MediaType.options.map(async (mediaType) => ({ mediaType, jobs: await observed.findLatency(mediaType) })),
    ]);
    const { agents, adapters } = board;
    const openJobs = latencies.map(({ mediaType, jobs }) => {
      const count = (state: 'queued' | 'processing') => open.find((row) => row.mediaType === mediaType && row.state === state)?.jobs ?? 0;
      const msPerJob = jobs?.msPerJob ?? assumedUnitsPerJob[mediaType] * this.msPerUnit(mediaType, jobs);
      return { mediaType, queued: count('queued'), processing: count('processing'), msPerJob };
    });
    const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
    const slots = {
      total: sum(agents.map((agent) => agent.job_slots_total)),
      busy: sum(agents.map((agent) => agent.job_slots_busy)),
    };
    return {
      agents: agents.map((agent) => ({
        id: agent.agent_id,
        job_slots: { total: agent.job_slots_total, busy: agent.job_slots_busy },
        stream_slots: { total: agent.stream_slots_total, busy: agent.stream_slots_busy },
      })),
      adapters: adapters.map((adapter) => ({
        id: adapter.adapter_id,
        capabilities: adapter.capabilities,
        slots: { total: adapter.slots_total, busy: adapter.slots_busy },
        queued: adapter.queued ?? 0,
        healthy: adapter.healthy ?? null,
        models_loaded: adapter.models_loaded ?? [],
      })),
      jobs: { queued: sum(openJobs.map(({ queued }) => queued)), processing: sum(openJobs.map(({ processing }) => processing)) },
      queue_wait: {
        window_seconds: 300,
        jobs: waits.jobs,
        p50_seconds: waits.p50Seconds === null ? null : round(waits.p50Seconds, 3),
        p95_seconds: waits.p95Seconds === null ? null : round(waits.p95Seconds, 3),
      },
      used_system_capacity: this.usedCapacity,
      estimated_start_seconds: estimateStartSeconds(openJobs, slots),
      media_types: latencies.map(({ mediaType, jobs }) => ({
        ...this.latencyView(mediaType, jobs),
        queued: openJobs.find((row) => row.mediaType === mediaType)?.queued ?? 0,
        processing: openJobs.find((row) => row.mediaType === mediaType)?.processing ?? 0,
      })),
    };
  }

  private latencyView(mediaType: MediaType, jobs: ObservedJobs | undefined): LatencyView {
    return {
      media_type: mediaType,
      unit: mediaType === 'video' ? 'second' : 'image',
      latency_ms_per_unit: round(this.msPerUnit(mediaType, jobs), 3),
      observed_units: round(jobs?.units ?? 0, 3),
    };
  }

  private msPerUnit(mediaType: MediaType, jobs: ObservedJobs | undefined): number {
    return jobs?.msPerUnit ?? this.board.selfCheckMs(mediaType) ?? assumedMsPerUnit[mediaType];
  }
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
