import { adapterCapacity, agentCapacity, beatJob, claimJob, finishJob, jobMoved, jobProgressed, putOutcomePart } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import type { JobLeases } from './jobs/job-leases.js';
import type { LiveHub } from './jobs/live/live-hub.js';
import type { CapacityBoard } from './status/capacity-board.js';

/** Everything that the gateway listens to on the bus. */
export function subscribe(bus: Bus, { leases, board, hub }: { leases: JobLeases; board: CapacityBoard; hub: LiveHub }): void {
  bus.on(jobMoved, () => hub.wake());
  bus.on(jobProgressed, ({ job_id: jobId, tenant_id: tenantId, progress, stage }) =>
    hub.hearProgress({ jobId, tenantId, progress, stage }),
  );
  bus.on(agentCapacity, (capacity) => board.hearAgent(capacity));
  bus.on(adapterCapacity, (capacity) => board.hearAdapter(capacity));
  bus.serve(claimJob, async ({ agent_id: agentId }) => ({ work: await leases.claim(agentId) }));
  bus.serve(beatJob, async ({ job_id: jobId, ...beat }) => ({ verdict: await leases.beat({ jobId, ...beat }) }));
  bus.serve(putOutcomePart, async ({ job_id: jobId, lease, ...piece }) => ({
    accepted: await leases.putOutcomePart({ jobId, lease }, piece),
  }));
  bus.serve(finishJob, ({ job_id: jobId, lease, outcome, next_for: nextFor }) => leases.finish({ jobId, lease }, outcome, nextFor));
}
