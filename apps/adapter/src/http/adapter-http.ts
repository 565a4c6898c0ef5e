import { enforcePolicies, type DeclaredRoute } from '@nightjar/auth';
import {
  startHttpApp,
  systemClock,
  type AppError,
  type Clock,
  type Health,
  type HttpApp,
  type Logger,
  type RenderedError,
  type RenderError,
} from '@nightjar/runtime';
import { WebSocketDoor } from '@nightjar/websocket-door';
import type { FastifyInstance } from 'fastify';
import { AppModule, type AppModuleParts } from '../app.module.js';
import { maxPictureBytes } from '../intake/picture-header.js';
import { TaskRunner } from '../tasks/task-runner.js';
import { authenticateCaller, type AdapterCredentials } from './adapter-credentials.js';
import { AdapterMetrics } from './adapter-metrics.js';
import { addBodyParsers } from './bodies/body-parsers.js';
import { refuseStrangeBodies } from './body-limits.js';
import { failureEnvelope, outcomeOf } from './contract/contract-errors.js';
import { ContractInference } from './contract/contract-inference.js';
import { messageBytesMax, streamLimits, type StreamLimits } from './contract/stream/stream-limits.js';
import { StreamSessions } from './contract/stream/stream-sessions.js';
import { InferenceStatistics } from './oip/inference-statistics.js';
import { addOipRoutes } from './oip/oip-routes.js';
import { RequestReader } from './oip/request-reader.js';
import { RequestsInFlight } from './requests-in-flight.js';
import { correlationHeaders, notesOf, takeNotes, type RequestNotes, type RootSurface, type Surface } from './surface.js';

/** How long a WebSocket's other side may take to answer a close. */
const closeTimeoutMs = 5_000;

export interface AdapterHttpOptions {
  readonly host: string;
  readonly port: number;
  /** Absent, or without both: nobody is asked for any. */
  readonly credentials?: AdapterCredentials;
  /** Default: legacy. */
  readonly rootSurface?: RootSurface;
  /** Other bounds of streams than the usual ones. */
  readonly streamLimits?: Partial<StreamLimits>;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Reads requests of the Open Inference Protocol. Default: one whose thread is what was built. */
  readonly requestReader?: RequestReader;
  readonly parts: AppModuleParts;
  readonly health: Health;
  readonly logger: Logger;
}

export interface AdapterHttp extends HttpApp {
  requests: RequestsInFlight;
  streams: StreamSessions;
  /** Every route with who may call it. */
  routes: readonly DeclaredRoute[];
}

/** Brings all surfaces up on one port. */
export async function startAdapterHttp(options: AdapterHttpOptions): Promise<AdapterHttp> {
  const { host, port, parts, health, logger } = options;
  const { credentials = { apiKey: undefined, token: undefined }, rootSurface = 'legacy', clock = systemClock } = options;
  const requests = new RequestsInFlight();
  const metrics = new AdapterMetrics(parts);
  const statistics = new InferenceStatistics(clock);
  const runner = new TaskRunner(parts.pool, (outcome, elapsedMs) => statistics.recordTask(outcome, elapsedMs));
  const inference = new ContractInference(parts.catalogue, runner);
  const limits = { ...streamLimits, ...options.streamLimits };
  const streams = new StreamSessions({ inference, pool: parts.pool, metrics, clock, limits });
  const door = new WebSocketDoor({ maxMessageBytes: messageBytesMax, closeTimeoutMs });
  let routes: readonly DeclaredRoute[] = [];
  const http = await startHttpApp({
    module: AppModule.with(parts, { rootSurface, runner, metrics, inference, streams, door }),
    host,
    port,
    logger,
    health,
    bodyLimitBytes: maxPictureBytes,
    ownBodyParsers: true,
    configure: async (fastify, answerError) => {
      requests.watch(fastify);
      takeNotes(fastify, rootSurface);
      observeInferences(fastify, metrics);
      routes = enforcePolicies(fastify, authenticateCaller(credentials, clock));
      refuseStrangeBodies(fastify);
      addBodyParsers(fastify);
      door.attach(fastify);
      // Not the runner of the others: this surface counts requests, of which one may run a task many times.
      const { requestReader: reader = new RequestReader() } = options;
      await addOipRoutes(fastify, { ...parts, runner: new TaskRunner(parts.pool), statistics, health, clock, answerError, reader });
    },
    renderError: renderBySurface(rootSurface),
  });
  return { ...http, requests, streams, routes };
}

/** Counts every request to a route that ends in `/infer`, also one that was refused before its handler ran. */
function observeInferences(fastify: FastifyInstance, metrics: AdapterMetrics): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const { notes, routeOptions } = request;
    if (notes && request.method === 'POST' && routeOptions.url?.endsWith('/infer')) {
      const { task, failure } = notes;
      metrics.observe({ task, outcome: failure ? outcomeOf(failure) : 'ok', seconds: reply.elapsedTime / 1_000 });
    }
    done();
  });
}

function renderBySurface(root: RootSurface): RenderError {
  return (error, request) => {
    const notes = notesOf(request, root);
    notes.failure = error;
    return renderers[notes.surface](error, notes);
  };
}

const renderers: Readonly<Record<Surface, (error: AppError, notes: RequestNotes) => RenderedError>> = {
  legacy: (error) =>
    error.code === 'unauthenticated'
      ? { body: { detail: 'Invalid or missing API Key' }, headers: { 'WWW-Authenticate': 'ApiKey' } }
      : { body: { detail: error.message } },
  contract: (error, notes) => ({
    body: failureEnvelope(error),
    headers: { ...correlationHeaders(notes), ...challengeOf(error) },
  }),
  oip: (error) => ({ body: { error: error.message }, headers: challengeOf(error) }),
};

function challengeOf({ code }: AppError): Record<string, string> {
  return code === 'unauthenticated' ? { 'WWW-Authenticate': 'Bearer' } : {};
}
