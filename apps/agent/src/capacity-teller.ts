import { agentCapacity } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import type { Clock } from '@nightjar/runtime';
import type { JobWorker } from './jobs/job-worker.js';
import type { SelfCheck } from './jobs/self-check.js';
import type { StreamClaims } from './streams/stream-claims.js';

/** Who listens forgets an agent that was silent for three times as long. */
const everyMs = 5_000;

/** Tells how much of this agent is in use, every 5 s until it is stopped. */
export function tellCapacity(parts: {
  bus: Bus;
  agentId: string;
  slots: { jobs: number; streams: number };
  jobs: JobWorker;
  streams: StreamClaims;
  selfCheck: SelfCheck;
  clock: Clock;
}): { stop: () => void } {
  const { bus, agentId, slots, jobs, streams, selfCheck, clock } = parts;
  const tell = () =>
    bus.publish(agentCapacity, {
      agent_id: agentId,
      job_slots_total: slots.jobs,
      job_slots_busy: jobs.slotsBusy,
      stream_slots_total: slots.streams,
      stream_slots_busy: streams.count,
      self_check: selfCheck.result,
      at_unix_ms: clock.wallMs(),
    });
  tell();
  const timer = setInterval(tell, everyMs);
  return { stop: () => clearInterval(timer) };
}
