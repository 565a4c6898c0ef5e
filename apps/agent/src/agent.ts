import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import {
  createBearerAuthenticator,
  enforcePolicies,
  JwksKeys,
  type Authenticate,
  type DeclaredRoute,
  type Principal,
} from '@nightjar/auth';
import { findFfmpeg, whyNoHardware, type FfmpegBinary, type HardwareDecoder } from '@nightjar/media';
import { Bus, InferenceDispatcher } from '@nightjar/messaging';
import { AddressPolicy, CheckedFetch, type Network } from '@nightjar/outbound';
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
import { analyticOffers } from './analytics/analytics.js';
import { CallbackSender } from './analytics/callback-sender.js';
import { EventReporter, pendingEventsMax } from './analytics/event-reporter.js';
import { EventSpool } from './analytics/event-spool.js';
import { AppModule } from './app.module.js';
import { tellCapacity } from './capacity-teller.js';
import type { AgentAccess, AgentConfig } from './config.js';
import { tellDecoding } from './decode/decoding-teller.js';
import type { RunWork } from './jobs/job-attempt.js';
import { JobWorker } from './jobs/job-worker.js';
import { OfferedCapabilities } from './jobs/offered-capabilities.js';
import { workRunner } from './jobs/run-work.js';
import { SelfCheck } from './jobs/self-check.js';
import { addLunaHeaders, refuseOtherMethods, renderLunaError, StreamSubscribers } from '@nightjar/luna';
import { publishRequestPoints } from './luna/request-points.js';
import { BusListeners } from './luna/bus-listeners.js';
import { ListenerRights } from './luna/listener-rights.js';
import { StreamTickets } from './luna/stream-tickets.js';
import { namesLoopback } from './luna/names-loopback.js';
import { AgentMetrics } from './metrics/agent-metrics.js';
import { Plugins } from './plugins/plugins.js';
import { VideoFiles } from './sources/video-files.js';
import { beginAnalysis, processingPoint, type StreamServices } from './streams/begin-analysis.js';
import { sweepOldStreamFrames } from './streams/old-stream-frames.js';
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
  const { hardware, hardwareProblem } = await reachableHardware(config.hardware, { ffmpeg, logger });
  // One thread a picture: the cores belong to decoders and to the adapter beside us.
  sharp.concurrency(1);
  sharp.cache(false);

  const bus = Bus.open({ url: config.natsUrl, name: config.agentId, logger });
  shutdown.register('bus', () => bus.close());
  health.addCheck('bus', () => (bus.connected ? undefined : 'not connected'));
  const dispatcher = new InferenceDispatcher(bus, clock);
  const capabilities = new OfferedCapabilities(clock);

  const { callbacks, reporter } = await openReporting(context, config, { bus, clock });
  const files = await openFiles(config, logger);
  const busListeners = new BusListeners(bus, clock);
  const subscribers = new StreamSubscribers({ logger, elsewhere: busListeners });
  const plugins = await Plugins.open({
    directory: config.pluginsDir,
    dataDir: config.pluginDataDir,
    active: config.activePlugins,
    logger,
  });
  shutdown.register('plugins', () => plugins.stop());
  const streams = claimsOf(config, {
    ffmpeg,
    hardware,
    hardwareProblem,
    idleAfterMs: config.idleAfterMs,
    bus,
    dispatcher,
    reporter,
    callbacks,
    files,
    subscribers,
    plugins,
    framesDir: config.framesDir,
    session: randomBytes(4).toString('hex'),
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
  subscribe(bus, { jobs, streams, capabilities, busListeners });

  const metrics = new AgentMetrics({ streams, callbacks, subscribers });
  const listenerRights = new ListenerRights({ bus, subscribers, logger });
  shutdown.register('rights of listeners', () => listenerRights.stop());
  const { http, routes } = await startSurface(context, { config, plugins, streams, subscribers, listenerRights, metrics });
  shutdown.register('http', () => http.close());
  shutdown.register('streams', () => streams.stop());
  shutdown.register('jobs', () => jobs.stop());
  shutdown.register('subscribers', () => subscribers.close());
  streams.start();
  const isInUse = (framesName: string) => streams.metrics.some(({ stream }) => stream === framesName);
  const frames = sweepOldStreamFrames({ framesDir: config.framesDir, isInUse, wallMs: () => clock.wallMs(), logger });
  shutdown.register('old frames', () => frames.stop());
  jobs.start();
  startReports(context, config, { bus, ffmpeg, runWorkIn, jobs, streams, clock });
  logger.info('agent listens', { url: http.url, agentId: config.agentId, ffmpeg: ffmpeg.version });
  return { url: http.url, routes };
}

/** Tells nvr and callbacks of what streams find. */
async function openReporting(
  { logger, shutdown }: ProcessContext,
  config: AgentConfig,
  { bus, clock }: { bus: Bus; clock: Clock },
): Promise<Pick<StreamServices, 'callbacks' | 'reporter'>> {
  const spool = new EventSpool({ directory: config.eventSpoolDir, entriesMax: pendingEventsMax, wallMs: () => clock.wallMs(), logger });
  const reporter = new EventReporter({ bus, logger, spool });
  await reporter.restore();
  shutdown.register('events', (deadline) => reporter.flush(deadlineSignal(eventFlushMs, deadline)));
  const callbacks = new CallbackSender({ client: clientTo(config, config.callbackNetworks, callbacksAtOnceMax), clock, logger });
  shutdown.register('callbacks', (deadline) => callbacks.flush(deadlineSignal(eventFlushMs, deadline)));
  return { callbacks, reporter };
}

/** Fetches videos that streams are made of. */
async function openFiles(config: AgentConfig, logger: Logger): Promise<VideoFiles> {
  const { bytesMax, directory, networks } = config.videoFiles;
  // One for each stream at most, and some whose lookup has not ended.
  const files = new VideoFiles({ client: clientTo(config, networks, 2 * config.streamSlots), directory, bytesMax, logger });
  await files.open();
  return files;
}

function clientTo({ ownPorts }: AgentConfig, networks: readonly Network[], exchangesMax: number): CheckedFetch {
  return new CheckedFetch({ policy: new AddressPolicy({ networks, ownPorts: new Set(ownPorts) }), exchangesMax });
}

/** Claims streams from nvr and analyses those that it gets. */
function claimsOf(config: AgentConfig, services: Omit<StreamServices, 'onOver'>): StreamClaims {
  const { bus, clock, logger, plugins, subscribers } = services;
  const streams: StreamClaims = new StreamClaims({
    bus,
    agentId: config.agentId,
    slots: config.streamSlots,
    offers: analyticOffers(),
    begin: (stream) => beginAnalysis(stream, { ...services, onOver: () => streams.nudge() }),
    onEnded: (streamId, { status, error }) => {
      plugins.publish(processingPoint({ streamId, status: 'stop', clock }));
      subscribers.end(streamId, status, error);
    },
    clock,
    logger,
  });
  return streams;
}

interface ReportParts {
  bus: Bus;
  ffmpeg: FfmpegBinary;
  /** The code that does jobs, on files of this directory. */
  runWorkIn: (mediaDir: string) => RunWork;
  jobs: JobWorker;
  streams: StreamClaims;
  clock: Clock;
}

/** Tells others what this agent has room for and how it decodes, and looks whether it can do what it offers. */
function startReports({ logger, shutdown }: ProcessContext, config: AgentConfig, parts: ReportParts): void {
  const { bus, clock, ffmpeg, jobs, runWorkIn, streams } = parts;
  const selfCheck = new SelfCheck({ ffmpeg, runWorkIn, isBusy: () => jobs.slotsBusy > 0, clock, logger });
  shutdown.register('self-check', () => selfCheck.stop());
  if (config.selfCheck) selfCheck.start();
  const slots = { jobs: config.jobSlots, streams: config.streamSlots };
  const capacity = tellCapacity({ bus, agentId: config.agentId, slots, jobs, streams, selfCheck, clock });
  shutdown.register('capacity', () => capacity.stop());
  const decoding = tellDecoding({ bus, agentId: config.agentId, streams });
  shutdown.register('decoding', () => decoding.stop());
}

/** What listeners of live results reach over HTTP. */
async function startSurface(
  { logger, health }: ProcessContext,
  parts: {
    config: AgentConfig;
    plugins: Plugins;
    streams: StreamClaims;
    subscribers: StreamSubscribers;
    listenerRights: ListenerRights;
    metrics: AgentMetrics;
  },
): Promise<{ http: HttpApp; routes: readonly DeclaredRoute[] }> {
  const { config, plugins } = parts;
  const door = new WebSocketDoor({ maxMessageBytes: clientMessageBytesMax, closeTimeoutMs });
  let routes: readonly DeclaredRoute[] = [];
  const http = await startHttpApp({
    module: AppModule.with({ ...parts, build: version, health, door }),
    host: config.host,
    port: config.port,
    logger,
    health,
    bodyLimitBytes: requestBytesMax,
    renderError: renderLunaError,
    configure: (fastify) => {
      addLunaHeaders(fastify, { clock: systemClock, version });
      refuseOtherMethods(fastify);
      publishRequestPoints(fastify, { clock: systemClock, publish: (point) => plugins.publish(point) });
      routes = enforcePolicies(fastify, authenticatorOf(config.access, { clock: systemClock, logger }));
      door.attach(fastify);
    },
  });
  return { http, routes };
}

/** What the operator asked for, if FFmpeg reaches it here. An agent without it does its work on the CPU, and says so. */
async function reachableHardware(
  wanted: HardwareDecoder | undefined,
  { ffmpeg, logger }: { ffmpeg: FfmpegBinary; logger: Logger },
): Promise<Pick<StreamServices, 'hardware' | 'hardwareProblem'>> {
  if (wanted === undefined) return { hardware: undefined, hardwareProblem: undefined };
  const reason = await whyNoHardware(ffmpeg, wanted);
  if (reason === undefined) return { hardware: wanted, hardwareProblem: undefined };
  logger.warn('live cameras are decoded on the CPU: the hardware is not reached', { wanted, reason });
  return { hardware: undefined, hardwareProblem: reason };
}

/** An agent does not know who may see which camera: whoever is no admin gets a ticket for one stream from the NVR, which does. */
function requireAdmin(principal: Principal): Principal {
  if (principal.kind === 'user' && principal.isSuperuser) return principal;
  throw new AppError('permission_denied', 'an agent answers admins; for a stream that you may see ask the manager for a ticket');
}

function authenticatorOf(access: AgentAccess, parts: { clock: Clock; logger: Logger }): Authenticate {
  if (access.kind === 'bearer') {
    const keys = new JwksKeys({ url: access.jwksUrl, cacheFile: access.jwksCacheFile, ...parts });
    const verification = { issuer: access.issuer, findKey: (kid: string) => keys.find(kid) };
    const tickets = new StreamTickets({ ...verification, clock: parts.clock });
    const authenticateBearer = createBearerAuthenticator(verification);
    return async (request) => (tickets.isShown(request) ? tickets.admit(request) : requireAdmin(await authenticateBearer(request)));
  }
  return (request) => {
    // A page whose name was made to resolve to this machine is not on it.
    if (access.loopbackOnly && !namesLoopback(request.headers.host))
      return Promise.reject(new AppError('permission_denied', 'this agent is for its own machine'));
    return Promise.resolve({ kind: 'service', name: 'anybody' });
  };
}
