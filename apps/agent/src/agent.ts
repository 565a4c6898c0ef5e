import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { createBearerAuthenticator, enforcePolicies, type Authenticate, type DeclaredRoute } from '@nightjar/auth';
import type { AssignedStream } from '@nightjar/contracts';
import { findFfmpeg, type FfmpegBinary } from '@nightjar/media';
import { Bus, InferenceDispatcher } from '@nightjar/messaging';
import {
  AppError,
  deadlineSignal,
  startHttpApp,
  systemClock,
  type Clock,
  type HttpApp,
  type Logger,
  type ProcessContext,
} from '@nightjar/runtime';
import sharp from 'sharp';
import { EventReporter } from './analytics/event-reporter.js';
import { AppModule } from './app.module.js';
import type { AgentAccess, AgentConfig } from './config.js';
import { JobWorker } from './jobs/job-worker.js';
import { workRunner } from './jobs/run-work.js';
import { JwksKeys } from './luna/jwks-keys.js';
import { renderLunaError } from './luna/luna-errors.js';
import { addLunaHeaders } from './luna/luna-request-id.js';
import { StreamSubscribers } from './luna/stream-subscribers.js';
import { namesLoopback, WebSocketDoor } from './luna/websocket-door.js';
import { CameraSource } from './sources/camera-source.js';
import { FrameStore } from './streams/frame-store.js';
import { LiveResults } from './streams/live-results.js';
import { PersonEvents } from './streams/person-events.js';
import { StreamAnalysis } from './streams/stream-analysis.js';
import { StreamClaims } from './streams/stream-claims.js';
import { subscribe } from './subscriptions.js';

export interface RunningAgent {
  /** Where it listens, e.g. `http://127.0.0.1:5240`. */
  url: string;
  /** Every route with who may call it. */
  routes: readonly DeclaredRoute[];
}

/** Long-lived things that every stream's analysis stands on. */
interface StreamServices {
  ffmpeg: FfmpegBinary;
  bus: Bus;
  dispatcher: InferenceDispatcher;
  reporter: EventReporter;
  subscribers: StreamSubscribers;
  framesDir: string;
  /** Makes track ids unique over restarts. */
  session: string;
  clock: Clock;
  logger: Logger;
}

const requestBytesMax = 64 * 1024;
/** A stop waits this long for nvr to take the last events. */
const eventFlushMs = 3_000;
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/**
 * Brings the agent up: bus, live streams, jobs, HTTP. It starts while the bus, nvr, gateway and adapters are away, and takes
 * work as soon as they are there.
 * @throws AppError `unavailable` when there is no FFmpeg
 */
export async function startAgent(context: ProcessContext, config: AgentConfig): Promise<RunningAgent> {
  const { logger, shutdown, health } = context;
  const clock = systemClock;
  const ffmpeg = await findFfmpeg({ configuredPath: config.ffmpegPath });
  if (!ffmpeg) throw new AppError('unavailable', 'FFmpeg was not found: install it, or set FFMPEG_PATH');
  // One thread a picture: the cores belong to decoders and to the adapter beside us.
  sharp.concurrency(1);
  sharp.cache(false);

  const bus = Bus.open({ url: config.natsUrl, name: config.agentId, logger });
  shutdown.register('bus', () => bus.close());
  health.addCheck('bus', () => (bus.connected ? undefined : 'not connected'));
  const dispatcher = new InferenceDispatcher(bus, clock);

  const reporter = new EventReporter({ bus, logger });
  shutdown.register('events', (deadline) => reporter.flush(deadlineSignal(eventFlushMs, deadline)));
  const subscribers = new StreamSubscribers({ logger });
  const services = {
    ffmpeg,
    bus,
    dispatcher,
    reporter,
    subscribers,
    framesDir: config.framesDir,
    session: randomBytes(4).toString('hex'),
    clock,
    logger,
  };
  const streams = new StreamClaims({
    bus,
    agentId: config.agentId,
    slots: config.streamSlots,
    begin: (stream) => beginAnalysis(stream, services),
    onEnded: (streamId) => subscribers.end(streamId),
    clock,
    logger,
  });
  const jobs = new JobWorker({
    bus,
    agentId: config.agentId,
    slots: config.jobSlots,
    runWork: workRunner({ ffmpeg, dispatcher, mediaDir: config.mediaDir, clock }),
    clock,
    logger,
  });
  subscribe(bus, { jobs, streams });

  const { http, routes } = await startSurface(context, { config, streams, subscribers });
  shutdown.register('http', () => http.close());
  shutdown.register('streams', () => streams.stop());
  shutdown.register('jobs', () => jobs.stop());
  shutdown.register('subscribers', () => subscribers.close());
  streams.start();
  jobs.start();
  logger.info('agent listens', { url: http.url, agentId: config.agentId, ffmpeg: ffmpeg.version });
  return { url: http.url, routes };
}

/** What listeners of live results reach over HTTP. */
async function startSurface(
  { logger, health }: ProcessContext,
  parts: { config: AgentConfig; streams: StreamClaims; subscribers: StreamSubscribers },
): Promise<{ http: HttpApp; routes: readonly DeclaredRoute[] }> {
  const { config, streams, subscribers } = parts;
  const door = new WebSocketDoor();
  let routes: readonly DeclaredRoute[] = [];
  const http = await startHttpApp({
    module: AppModule.with({ streams, subscribers, door }),
    host: config.host,
    port: config.port,
    logger,
    health,
    bodyLimitBytes: requestBytesMax,
    renderError: renderLunaError,
    configure: (fastify) => {
      addLunaHeaders(fastify, { clock: systemClock, version });
      routes = enforcePolicies(fastify, authenticatorOf(config.access, { clock: systemClock, logger }));
      door.attach(fastify);
    },
  });
  return { http, routes };
}

function beginAnalysis(stream: AssignedStream, services: StreamServices): StreamAnalysis {
  const { ffmpeg, bus, dispatcher, reporter, subscribers, framesDir, session, clock } = services;
  const logger = services.logger.child({ cameraId: stream.camera_id });
  const frames = new FrameStore({ framesDir, framesName: stream.frames_name, logger });
  const analysis = new StreamAnalysis(stream, {
    source: new CameraSource({ ffmpeg, url: stream.url, framesPerSecond: stream.frames_per_second, clock, logger }),
    dispatcher,
    frames,
    results: new LiveResults({ stream, bus, subscribers, session, clock }),
    events: new PersonEvents({ stream, frames, reporter, session, clock, logger }),
    logger,
  });
  analysis.start();
  return analysis;
}

function authenticatorOf(access: AgentAccess, parts: { clock: Clock; logger: Logger }): Authenticate {
  if (access.kind === 'bearer') {
    const keys = new JwksKeys({ url: access.jwksUrl, ...parts });
    return createBearerAuthenticator({ issuer: access.issuer, findKey: (kid) => keys.find(kid) });
  }
  return (request) => {
    // A page whose name was made to resolve to this machine is not on it.
    if (access.loopbackOnly && !namesLoopback(request.headers.host))
      return Promise.reject(new AppError('permission_denied', 'this agent is for its own machine'));
    return Promise.resolve({ kind: 'service', name: 'anybody' });
  };
}
