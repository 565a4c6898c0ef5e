import { randomBytes, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { createBearerAuthenticator, enforcePolicies, JwksKeys, type Authenticate, type DeclaredRoute } from '@nightjar/auth';
import type { AssignedStream } from '@nightjar/contracts';
import { findFfmpeg, whyNoHardware, type FfmpegBinary, type HardwareDecoder } from '@nightjar/media';
import { Bus, InferenceDispatcher } from '@nightjar/messaging';
import { AddressPolicy, CheckedFetch } from '@nightjar/outbound';
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
import { WebSocketDoor } from '@nightjar/websocket-door';
import sharp from 'sharp';
import { AlertEvents } from './analytics/alert-events.js';
import { analyticOffers, analytics } from './analytics/analytics.js';
import { AnalyticsRunner } from './analytics/analytics-runner.js';
import { CallbackSender } from './analytics/callback-sender.js';
import { EventReporter, pendingEventsMax } from './analytics/event-reporter.js';
import { EventSpool } from './analytics/event-spool.js';
import { FaceLooks } from './analytics/human-tracking/face-looks.js';
import { MessageRoads } from './analytics/message-roads.js';
import { AppModule } from './app.module.js';
import { tellCapacity } from './capacity-teller.js';
import type { AgentAccess, AgentConfig } from './config.js';
import { JobWorker } from './jobs/job-worker.js';
import { OfferedCapabilities } from './jobs/offered-capabilities.js';
import { workRunner } from './jobs/run-work.js';
import { SelfCheck } from './jobs/self-check.js';
import { addLunaHeaders, renderLunaError } from '@nightjar/luna';
import { publishRequestPoints } from './luna/request-points.js';
import { StreamSubscribers } from './luna/stream-subscribers.js';
import { namesLoopback } from './luna/names-loopback.js';
import type { MonitoringPoint } from './plugins/plugin-messages.js';
import { Plugins } from './plugins/plugins.js';
import { CameraSource } from './sources/camera-source.js';
import { FrameStore } from './streams/frame-store.js';
import { LiveResults } from './streams/live-results.js';
import { PersonEvents } from './streams/person-events.js';
import { StreamAnalysis } from './streams/stream-analysis.js';
import { StreamClaims } from './streams/stream-claims.js';
import { subscribe } from './subscriptions.js';

/** Clients of this surface have nothing to say. */
const clientMessageBytesMax = 4_096;
/** How long a listener may take to answer a close. */
const closeTimeoutMs = 5_000;

export interface RunningAgent {
  /** Where it listens, e.g. `http://127.0.0.1:5240`. */
  url: string;
  /** Every route with who may call it. */
  routes: readonly DeclaredRoute[];
}

/** Long-lived things that every stream's analysis stands on. */
interface StreamServices {
  ffmpeg: FfmpegBinary;
  /** What live cameras are decoded with; undefined: the CPU. */
  hardware: HardwareDecoder | undefined;
  /** A camera on which nothing moved for so long is decoded by its key frames alone; 0: never. */
  idleAfterMs: number;
  bus: Bus;
  dispatcher: InferenceDispatcher;
  reporter: EventReporter;
  callbacks: CallbackSender;
  subscribers: StreamSubscribers;
  plugins: Plugins;
  framesDir: string;
  /** Makes track ids unique over restarts. */
  session: string;
  clock: Clock;
  logger: Logger;
}

const requestBytesMax = 64 * 1024;
/** A stop waits this long for nvr to take the last events. */
const eventFlushMs = 3_000;
/** Callbacks that are on their way at a time. */
const callbacksAtOnceMax = 64;
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
  const hardware = await reachableHardware(config.hardware, { ffmpeg, logger });
  // One thread a picture: the cores belong to decoders and to the adapter beside us.
  sharp.concurrency(1);
  sharp.cache(false);

  const bus = Bus.open({ url: config.natsUrl, name: config.agentId, logger });
  shutdown.register('bus', () => bus.close());
  health.addCheck('bus', () => (bus.connected ? undefined : 'not connected'));
  const dispatcher = new InferenceDispatcher(bus, clock);
  const capabilities = new OfferedCapabilities(clock);

  const spool = new EventSpool({ directory: config.eventSpoolDir, entriesMax: pendingEventsMax, wallMs: () => clock.wallMs(), logger });
  const reporter = new EventReporter({ bus, logger, spool });
  await reporter.restore();
  shutdown.register('events', (deadline) => reporter.flush(deadlineSignal(eventFlushMs, deadline)));
  const callbacks = new CallbackSender({
    client: new CheckedFetch({
      policy: new AddressPolicy({ networks: config.callbacks.networks, ownPorts: new Set(config.callbacks.ownPorts) }),
      exchangesMax: callbacksAtOnceMax,
    }),
    logger,
  });
  shutdown.register('callbacks', (deadline) => callbacks.flush(deadlineSignal(eventFlushMs, deadline)));
  const subscribers = new StreamSubscribers({ logger });
  const plugins = await Plugins.open({
    directory: config.pluginsDir,
    dataDir: config.pluginDataDir,
    active: config.activePlugins,
    logger,
  });
  shutdown.register('plugins', () => plugins.stop());
  const services = {
    ffmpeg,
    hardware,
    idleAfterMs: config.idleAfterMs,
    bus,
    dispatcher,
    reporter,
    callbacks,
    subscribers,
    plugins,
    framesDir: config.framesDir,
    session: randomBytes(4).toString('hex'),
    clock,
    logger,
  };
  const streams = new StreamClaims({
    bus,
    agentId: config.agentId,
    slots: config.streamSlots,
    offers: analyticOffers(),
    begin: (stream) => beginAnalysis(stream, services),
    onEnded: (streamId) => {
      plugins.publish(processingPoint({ streamId, status: 'stop', clock }));
      subscribers.end(streamId);
    },
    clock,
    logger,
  });
  const runWorkIn = (mediaDir: string) => workRunner({ ffmpeg, dispatcher, capabilities, mediaDir, clock });
  const jobs = new JobWorker({
    bus,
    agentId: config.agentId,
    slots: config.jobSlots,
    runWork: runWorkIn(config.mediaDir),
    clock,
    logger,
  });
  subscribe(bus, { jobs, streams, capabilities });

  const { http, routes } = await startSurface(context, { config, plugins, streams, subscribers });
  shutdown.register('http', () => http.close());
  shutdown.register('streams', () => streams.stop());
  shutdown.register('jobs', () => jobs.stop());
  shutdown.register('subscribers', () => subscribers.close());
  streams.start();
  jobs.start();
  const selfCheck = new SelfCheck({ ffmpeg, runWorkIn, isBusy: () => jobs.slotsBusy > 0, clock, logger });
  shutdown.register('self-check', () => selfCheck.stop());
  if (config.selfCheck) selfCheck.start();
  const slots = { jobs: config.jobSlots, streams: config.streamSlots };
  const capacity = tellCapacity({ bus, agentId: config.agentId, slots, jobs, streams, selfCheck, clock });
  shutdown.register('capacity', () => capacity.stop());
  logger.info('agent listens', { url: http.url, agentId: config.agentId, ffmpeg: ffmpeg.version });
  return { url: http.url, routes };
}

/** What listeners of live results reach over HTTP. */
async function startSurface(
  { logger, health }: ProcessContext,
  parts: { config: AgentConfig; plugins: Plugins; streams: StreamClaims; subscribers: StreamSubscribers },
): Promise<{ http: HttpApp; routes: readonly DeclaredRoute[] }> {
  const { config, plugins, streams, subscribers } = parts;
  const door = new WebSocketDoor({ maxMessageBytes: clientMessageBytesMax, closeTimeoutMs });
  let routes: readonly DeclaredRoute[] = [];
  const http = await startHttpApp({
    module: AppModule.with({ config, build: version, health, plugins, streams, subscribers, door }),
    host: config.host,
    port: config.port,
    logger,
    health,
    bodyLimitBytes: requestBytesMax,
    renderError: renderLunaError,
    configure: (fastify) => {
      addLunaHeaders(fastify, { clock: systemClock, version });
      publishRequestPoints(fastify, { clock: systemClock, publish: (point) => plugins.publish(point) });
      routes = enforcePolicies(fastify, authenticatorOf(config.access, { clock: systemClock, logger }));
      door.attach(fastify);
    },
  });
  return { http, routes };
}

function beginAnalysis(stream: AssignedStream, services: StreamServices): StreamAnalysis {
  const { ffmpeg, bus, dispatcher, reporter, subscribers, plugins, framesDir, session, clock } = services;
  const logger = services.logger.child({ cameraId: stream.camera_id });
  const frames = new FrameStore({ framesDir, framesName: stream.frames_name, logger });
  const { camera_id: cameraId } = stream;
  const analysis = new StreamAnalysis(stream, {
    source: new CameraSource({
      ffmpeg,
      url: stream.url,
      framesPerSecond: stream.frames_per_second,
      hardware: services.hardware,
      idleAfterMs: services.idleAfterMs,
      clock,
      logger,
    }),
    dispatcher,
    frames,
    results: new LiveResults({ stream, bus, subscribers, monitor: (point) => plugins.publish(point), session, clock }),
    events: cameraId === null ? undefined : new PersonEvents({ cameraId, frames, reporter, session, clock, logger }),
    analytics: new AnalyticsRunner({
      analytics,
      context: { startedMonotonicMs: clock.monotonicMs(), newId: randomUUID },
      events: cameraId === null ? undefined : new AlertEvents({ cameraId, frames, reporter, session, logger }),
      faces: new FaceLooks({ dispatcher, source: stream.frames_name, logger }),
      roads: new MessageRoads({ stream, sender: services.callbacks, pictures: frames, logger }),
      clock,
      logger,
    }),
    clock,
    logger,
  });
  analysis.start();
  plugins.publish(processingPoint({ streamId: stream.stream_id, status: 'start', clock }));
  return analysis;
}

/** What the operator asked for, if FFmpeg reaches it here. An agent without it does its work on the CPU, and says so. */
async function reachableHardware(
  wanted: HardwareDecoder | undefined,
  { ffmpeg, logger }: { ffmpeg: FfmpegBinary; logger: Logger },
): Promise<HardwareDecoder | undefined> {
  if (wanted === undefined) return undefined;
  const reason = await whyNoHardware(ffmpeg, wanted, new AbortController().signal);
  if (reason === undefined) return wanted;
  logger.warn('live cameras are decoded on the CPU: the hardware is not reached', { wanted, reason });
  return undefined;
}

function processingPoint(options: { streamId: string; status: 'start' | 'stop'; clock: Clock }): MonitoringPoint {
  const { streamId, status, clock } = options;
  return {
    series: 'stream_processing',
    time: new Date(clock.wallMs()).toISOString(),
    tags: { service: 'luna-video-agent', stream_id: streamId, status },
    fields: {},
  };
}

function authenticatorOf(access: AgentAccess, parts: { clock: Clock; logger: Logger }): Authenticate {
  if (access.kind === 'bearer') {
    const keys = new JwksKeys({ url: access.jwksUrl, cacheFile: access.jwksCacheFile, ...parts });
    return createBearerAuthenticator({ issuer: access.issuer, findKey: (kid) => keys.find(kid) });
  }
  return (request) => {
    // A page whose name was made to resolve to this machine is not on it.
    if (access.loopbackOnly && !namesLoopback(request.headers.host))
      return Promise.reject(new AppError('permission_denied', 'this agent is for its own machine'));
    return Promise.resolve({ kind: 'service', name: 'anybody' });
  };
}
