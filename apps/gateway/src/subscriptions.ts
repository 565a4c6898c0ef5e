import { beatJob, claimJob, finishJob } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import type { JobLeases } from './jobs/job-leases.js';

/** Everything that the gateway listens to on the bus. */
export function subscribe(bus: Bus, leases: JobLeases): void {
  bus.serve(claimJob, async ({ agent_id: agentId }) => ({ work: await leases.claim(agentId) }));
  bus.serve(beatJob, async ({ job_id: jobId, ...beat }) => ({ verdict: await leases.beat({ jobId, ...beat }) }));
  bus.serve(finishJob, async ({ job_id: jobId, lease, outcome }) => ({ accepted: await leases.finish({ jobId, lease }, outcome) }));
}
