import { camerasChanged, jobQueued } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import type { JobWorker } from './jobs/job-worker.js';
import type { StreamClaims } from './streams/stream-claims.js';

/** Everything that the agent listens to on the bus. Both are nudges: it asks by itself every few seconds anyway. */
export function subscribe(bus: Bus, parts: { jobs: JobWorker; streams: StreamClaims }): void {
  bus.on(jobQueued, () => parts.jobs.ring());
  bus.on(camerasChanged, () => parts.streams.nudge());
}
