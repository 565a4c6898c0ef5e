import type { AdapterCapacity, AgentCapacity, MediaType } from '@nightjar/contracts';
import type { Clock } from '@nightjar/runtime';

/** They tell every 5 s. */
const silentMs = 15_000;
/** Agents and adapters remembered, each. Full: the one that was silent longest is forgotten until it tells again. */
const knownMax = 1_000;

/** What agents and adapters told of themselves lately. Facts may be lost: one that was silent for 15 s counts as gone. */
export class CapacityBoard {
  private readonly agentsById: Heard<AgentCapacity>;
  private readonly adaptersById: Heard<AdapterCapacity>;
  /** Of the agent that was heard last; outlives it, since latency is asked for while no agent is there too. */
  private lastSelfCheck: AgentCapacity['self_check'] = null;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.agentsById = new Heard(clock);
    this.adaptersById = new Heard(clock);
  }

  hearAgent(capacity: AgentCapacity): void {
    this.agentsById.hear(capacity.agent_id, capacity);
    this.lastSelfCheck = capacity.self_check ?? this.lastSelfCheck;
  }

  hearAdapter(capacity: AdapterCapacity): void {
    this.adaptersById.hear(capacity.adapter_id, capacity);
  }

  get agents(): AgentCapacity[] {
    return this.agentsById.alive();
  }

  get adapters(): AdapterCapacity[] {
    return this.adaptersById.alive();
  }

  /** Share of the slots in use where they are scarcest, 0..1; 1 when no agent or no adapter is there. */
  get usedCapacity(): number {
    const agents = usedShare(this.agents.map((agent) => ({ busy: agent.job_slots_busy, total: agent.job_slots_total })));
    const adapters = usedShare(this.adapters.map((adapter) => ({ busy: adapter.slots_busy, total: adapter.slots_total })));
    return Math.max(agents, adapters);
  }

  /** Ms per second of video or per picture that an agent measured after its start; undefined until one told. */
  selfCheckMs(mediaType: MediaType): number | undefined {
    return mediaType === 'video' ? this.lastSelfCheck?.video_ms_per_second : this.lastSelfCheck?.image_ms;
  }
}

/** The newest words of each, by id, in the order in which they were heard. */
class Heard<Words> {
  private readonly byId = new Map<string, { words: Words; atMs: number }>();

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {}

  hear(id: string, words: Words): void {
    this.byId.delete(id);
    const [oldest] = this.byId.keys();
    if (oldest !== undefined && this.byId.size >= knownMax) this.byId.delete(oldest);
    this.byId.set(id, { words, atMs: this.clock.monotonicMs() });
  }

  alive(): Words[] {
    const sinceMs = this.clock.monotonicMs() - silentMs;
    for (const [id, { atMs }] of this.byId) if (atMs < sinceMs) this.byId.delete(id);
    return [...this.byId.values()].map(({ words }) => words);
  }
}

function usedShare(slots: readonly { busy: number; total: number }[]): number {
  const sum = (count: (of: { busy: number; total: number }) => number) => slots.reduce((all, of) => all + count(of), 0);
  const total = sum((of) => of.total);
  return total === 0 ? 1 : Math.min(1, sum((of) => Math.min(of.busy, of.total)) / total);
}
