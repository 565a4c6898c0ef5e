import { createRequire } from 'node:module';
import { enforcePolicies, type DeclaredRoute } from '@nightjar/auth';
import { InferenceDispatcher } from '@nightjar/messaging';
import { startHttpApp, type HttpApp, type JsonShapeLimits, type ProcessContext } from '@nightjar/runtime';
import { prepareAllowlistRoute } from './allowlist/allowlist.controller.js';
import { AllowlistService } from './allowlist/allowlist.service.js';
import { AllowlistStore } from './allowlist/allowlist.store.js';
import { allowlistImageBytesMax } from './allowlist/find-only-face.js';
import { allowlistedPersonsMax } from './allowlist/mark-allowlisted.js';
import { AppModule, type GatewayServices } from './app.module.js';
import type { GatewayConfig } from './config.js';
import { ApiDocument } from './docs/docs.controller.js';
import { gatewayDocument } from './docs/gateway-document.js';
import { openParts, type GatewayParts } from './gateway-parts.js';
import { drainUnreadBodies } from './http/drain-unread-bodies.js';
import { renderError } from './http/render-error.js';
import { defaultLeaseTimings, type LeaseTimings } from './jobs/job-leases.js';
import { keepRemovingExpired } from './jobs/remove-expired.js';
import { startJobs, type Jobs } from './jobs/start-jobs.js';
import { storeBootstrapApiKeyWhenPossible } from './keys/bootstrap-api-key.js';
import { openCallers } from './keys/open-callers.js';
import { UsageService, type ApiBounds } from './quotas/usage.service.js';
import { UsageStore } from './quotas/usage.store.js';
import { CapacityBoard } from './status/capacity-board.js';
import { openDatabaseProbe } from './status/database-probe.js';
import { ObservedStore } from './status/observed.store.js';
import { SystemStatus } from './status/system-status.js';
import { subscribe } from './subscriptions.js';
import { imageBatchBytesMax, imageBytesMax, imagesMax } from './uploads/image-batch.js';
import { keepRemovingOrphans } from './uploads/remove-orphans.js';
import { cutSlowSenders } from './uploads/slow-senders.js';
import { startIntake } from './uploads/start-intake.js';
import { prepareUploadRoutes } from './uploads/upload-routes.js';
import type { WebhookDoubles } from './webhooks/start-webhooks.js';

/** Everything but the image batches' JSON and the videos is a few headers. */
const smallBodyBytesMax = 64 * 1024;
/** An image batch has 64 pictures of two fields each; the rest is for callers who are told by a schema what is wrong. */
const jsonShape: JsonShapeLimits = { levels: 32, containers: 10_000, texts: 50_000, commas: 50_000 };

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export interface RunningGateway {
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  url: string;
  /** Every route with who may call it. */
  routes: readonly DeclaredRoute[];
}

/**
 * Brings the gateway up: what it stands on, jobs and their webhooks, the ways in, HTTP. It starts while Postgres or the bus is away
 * and becomes ready when both are there. Every route but the health routes needs a key, so it may listen anywhere.
 */
export async function startGateway(
  context: ProcessContext,
  config: GatewayConfig,
  timings: LeaseTimings = defaultLeaseTimings,
  webhookDoubles: WebhookDoubles = {},
): Promise<RunningGateway> {
  const { logger, shutdown, health } = context;
  const parts = await openParts(context, config);
  const { database, bus, clock } = parts;
  const jobs = startJobs(parts, { timings, webhookDoubles });
  const intake = startIntake(parts, jobs);
  startCleaning(context, parts, jobs);
  const board = new CapacityBoard(clock);
  subscribe(bus, { leases: jobs.leases, board, hub: jobs.hub });

  health.addCheck('database', openDatabaseProbe(config.databaseUrl, shutdown));
  health.addCheck('bus', () => (bus.connected ? undefined : 'not connected'));
  const { paths, box } = parts;
  const dispatcher = new InferenceDispatcher(bus, clock);
  const { http, routes } = await startSurface(context, parts, {
    ...openCallers(parts),
    ...intake,
    paths,
    jobs: jobs.store,
    jobsService: jobs.service,
    hub: jobs.hub,
    webhooks: jobs.webhooks,
    api: new ApiDocument(gatewayDocument({ paths, keyHeader: config.callers.keyHeader, version })),
    status: new SystemStatus(board, new ObservedStore(database)),
    usage: new UsageService({ store: new UsageStore(database, config.quotas), bounds: boundsOf(config), clock }),
    allowlist: new AllowlistService({ store: new AllowlistStore(database), box, dispatcher, logger }),
  });
  shutdown.register('http', () => http.close());
  shutdown.register('live updates', () => jobs.hub.stop());
  logger.info('job API listens', { url: http.url });
  return { url: http.url, routes };
}

/** What callers reach over HTTP. */
async function startSurface(
  { logger, health }: ProcessContext,
  { config, paths }: GatewayParts,
  services: GatewayServices,
): Promise<{ http: HttpApp; routes: readonly DeclaredRoute[] }> {
  let routes: readonly DeclaredRoute[] = [];
  const http = await startHttpApp({
    module: AppModule.with(services),
    host: config.host,
    port: config.port,
    logger,
    health,
    bodyLimitBytes: smallBodyBytesMax,
    jsonShape,
    renderError,
    rewriteUrl: paths.rewrite,
    trustedProxies: config.callers.trustedProxies,
    configure: (fastify) => {
      drainUnreadBodies(fastify);
      cutSlowSenders(fastify);
      routes = enforcePolicies(fastify, services.callers.authenticate);
      prepareUploadRoutes(fastify, config);
      prepareAllowlistRoute(fastify);
    },
  });
  return { http, routes };
}

/** Removes what is over its time, for as long as the gateway runs, and makes the key of the settings valid. */
function startCleaning(context: ProcessContext, parts: GatewayParts, { store: jobs, endings }: Jobs): void {
  const { database, media, clock, logger, shutdown, config } = parts;
  const { signal } = shutdown;
  const running = [keepRemovingOrphans({ media, jobs, clock, logger, signal }), keepRemovingExpired({ database, endings, logger, signal })];
  if (config.bootstrapApiKey !== undefined) running.push(storeBootstrapKey(context, parts, config.bootstrapApiKey));
  shutdown.register('background work', async () => void (await Promise.all(running)));
}

/** What `GET /v1/limits` tells everybody. */
function boundsOf({ uploadBytesMax, defaultMaxProcessingSeconds, retentionMs, callers }: GatewayConfig): ApiBounds {
  const { requestsPerMinute } = callers;
  const images = { imagesMax, imageBytesMax, imageBatchBytesMax };
  return {
    uploadBytesMax,
    ...images,
    requestsPerMinute,
    defaultMaxProcessingSeconds,
    retentionMs,
    allowlistedPersonsMax,
    allowlistImageBytesMax,
  };
}

/** The key of the settings is stored as soon as Postgres answers; until then the gateway is not ready. */
async function storeBootstrapKey({ logger, shutdown, health }: ProcessContext, { database }: GatewayParts, key: string): Promise<void> {
  let stored = false;
  health.addCheck('bootstrap key', () => (stored ? undefined : 'not stored yet'));
  await storeBootstrapApiKeyWhenPossible({ database, key, logger, signal: shutdown.signal });
  stored = true;
}
