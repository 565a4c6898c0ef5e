import type { GatewayParts } from '../gateway-parts.js';
import { startWebhooks, type WebhookDoubles, type Webhooks } from '../webhooks/start-webhooks.js';
import { JobEndings } from './job-endings.js';
import { JobLeases, type LeaseTimings } from './job-leases.js';
import { JobSweeper } from './job-sweeper.js';
import { JobStore } from './job.store.js';
import { JobsService } from './jobs.service.js';
import { JobEventsStore } from './live/job-events.store.js';
import { LiveHub } from './live/live-hub.js';

/** What other features have to do with jobs, and the webhooks that their ends bring about. */
export interface Jobs {
  store: JobStore;
  service: JobsService;
  endings: JobEndings;
  leases: JobLeases;
  hub: LiveHub;
  webhooks: Webhooks;
}

/** Makes what leases, ends, sweeps and tells of jobs; its timers run. */
export function startJobs(parts: GatewayParts, options: { timings: LeaseTimings; webhookDoubles: WebhookDoubles }): Jobs {
  const { config, database, bus, moves, media, box, clock, logger, shutdown } = parts;
  const { retentionMs } = config;
  const { timings, webhookDoubles } = options;
  const store = new JobStore(database, retentionMs);
  const webhooks = startWebhooks({ database, jobs: store, clock, logger, shutdown }, config, webhookDoubles);
  const endings = new JobEndings({ database, media, moves, logger, retentionMs, onMessages: () => webhooks.sender.nudge() });
  const leases = new JobLeases({ database, endings, bus, moves, logger, timings, retentionMs, box });
  const sweeper = new JobSweeper({ leases, everyMs: timings.sweepEveryMs, logger });
  shutdown.register('sweeper', () => sweeper.stop());
  const service = new JobsService({ database, jobs: store, endings, bus });
  const hub = new LiveHub({ store: new JobEventsStore(database), clock, logger });
  return { store, service, endings, leases, hub, webhooks };
}
