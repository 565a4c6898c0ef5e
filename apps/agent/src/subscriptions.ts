import { adapterCapacity, camerasChanged, jobCancelled, jobQueued, streamListened } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import type { JobWorker } from './jobs/job-worker.js';
import type { OfferedCapabilities } from './jobs/offered-capabilities.js';
import type { BusListeners } from './luna/bus-listeners.js';
import type { StreamClaims } from './streams/stream-claims.js';

/** Everything that the agent listens to on the bus. Nudges: it asks by itself every few seconds anyway; and what the adapters can do. */
export function subscribe(
  bus: Bus,
  parts: { jobs: JobWorker; streams: StreamClaims; capabilities: OfferedCapabilities; busListeners: BusListeners },
): void {
  bus.on(jobQueued, () => parts.jobs.ring());
  bus.on(jobCancelled, ({ job_id: jobId }) => parts.jobs.checkJob(jobId));
  bus.on(camerasChanged, () => parts.streams.nudge());
  bus.on(adapterCapacity, (capacity) => parts.capabilities.hear(capacity));
  bus.on(streamListened, ({ for_ms: forMs, stream_id: streamId }) => parts.busListeners.hear(streamId, forMs));
}
