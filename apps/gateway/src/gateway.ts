import { enforcePolicies, type DeclaredRoute } from '@nightjar/auth';
import { openJobsDatabase, type JobsDatabase } from '@nightjar/database';
import { Bus } from '@nightjar/messaging';
import { startHttpApp, systemClock, type ProcessContext } from '@nightjar/runtime';
import { AppModule } from './app.module.js';
import type { GatewayConfig } from './config.js';
import { drainUnreadBodies } from './http/drain-unread-bodies.js';
import { renderError } from './http/render-error.js';
import { defaultLeaseTimings, JobLeases, type LeaseTimings } from './jobs/job-leases.js';
import { JobSweeper } from './jobs/job-sweeper.js';
import { JobStore } from './jobs/job.store.js';
import { ApiKeys } from './keys/api-keys.js';
import { storeBootstrapApiKeyWhenPossible } from './keys/bootstrap-api-key.js';
import { subscribe } from './subscriptions.js';
import { MediaStore } from './uploads/media-store.js';
import { keepRemovingOrphans } from './uploads/remove-orphans.js';
import { Submissions } from './uploads/submissions.js';
import { prepareUploadRoutes } from './uploads/upload-routes.js';

/** Everything but the image batches' JSON and the videos is a few headers. */
const smallBodyBytesMax = 64 * 1024;

export interface RunningGateway {
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  url: string;
  /** Every route with who may call it. */
  routes: readonly DeclaredRoute[];
}

/**
 * Brings the gateway up: store, database, bus, sweeper, HTTP. It starts while Postgres or the bus is away and becomes ready
 * when both are there. Every route but the health routes needs a key, so it may listen anywhere.
 */
export async function startGateway(
  context: ProcessContext,
  config: GatewayConfig,
  timings: LeaseTimings = defaultLeaseTimings,
): Promise<RunningGateway> {
  const { logger, shutdown, health } = context;
  const clock = systemClock;
  const media = await MediaStore.open(config.mediaDir);
  const database = openJobsDatabase({ url: config.databaseUrl });
  shutdown.register('database', () => database.$disconnect());
  const bus = Bus.open({ url: config.natsUrl, name: 'gateway', logger });
  shutdown.register('bus', () => bus.close());

  const jobs = new JobStore(database);
  const keys = new ApiKeys(database, clock);
  const leases = new JobLeases({ database, media, bus, logger, timings });
  const submissions = new Submissions({
    jobs,
    media,
    bus,
    clock,
    logger,
    uploadBytesMax: config.uploadBytesMax,
    defaultMaxProcessingSeconds: config.defaultMaxProcessingSeconds,
  });
  const background = [keepRemovingOrphans({ media, jobs, clock, logger, signal: shutdown.signal })];
  if (config.bootstrapApiKey !== undefined) background.push(storeBootstrapKey(context, database, config.bootstrapApiKey));
  shutdown.register('background work', async () => void (await Promise.all(background)));
  const sweeper = new JobSweeper({ leases, everyMs: timings.sweepEveryMs, logger });
  shutdown.register('sweeper', () => sweeper.stop());
  subscribe(bus, leases);

  // The table, not `select 1`: a database without our migrations can't serve either.
  health.addCheck('database', async () => void (await database.$queryRaw`SELECT 1 FROM jobs.job LIMIT 1`));
  health.addCheck('bus', () => (bus.connected ? undefined : 'not connected'));
  let routes: readonly DeclaredRoute[] = [];
  const http = await startHttpApp({
    module: AppModule.with({ jobs, submissions }),
    host: config.host,
    port: config.port,
    logger,
    health,
    bodyLimitBytes: smallBodyBytesMax,
    renderError,
    configure: (fastify) => {
      drainUnreadBodies(fastify);
      routes = enforcePolicies(fastify, keys.authenticate);
      prepareUploadRoutes(fastify, config);
    },
  });
  shutdown.register('http', () => http.close());
  logger.info('job API listens', { url: http.url });
  return { url: http.url, routes };
}

/** The key of the settings is stored as soon as Postgres answers; until then the gateway is not ready. */
async function storeBootstrapKey({ logger, shutdown, health }: ProcessContext, database: JobsDatabase, key: string): Promise<void> {
  let stored = false;
  health.addCheck('bootstrap key', () => (stored ? undefined : 'not stored yet'));
  await storeBootstrapApiKeyWhenPossible({ database, key, logger, signal: shutdown.signal });
  stored = true;
}
