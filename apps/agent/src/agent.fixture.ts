import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  beatJob,
  camerasChanged,
  checkListeners,
  claimJob,
  claimStreams,
  finishJob,
  jobQueued,
  offerAnalytics,
  overlayDrawn,
  releaseStreams,
  reportEvent,
  AssignedStream,
  type AnalyticOffer,
  type EventReport,
  type ImageWork,
  type InferenceResult,
  type JobOutcome,
  type Overlay,
  type StreamFeedback,
  type StreamListener,
  type VideoWork,
  type Work,
} from '@nightjar/contracts';
import { Bus, InferencePuller, type PulledWork } from '@nightjar/messaging';
import { AppError, createLogger, Health, Shutdown, systemClock, type Logger } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { startAgent, type RunningAgent } from './agent.js';
import type { AgentConfig } from './config.js';

/** Of a job: longer than this process, in which gateway and agent are, stands still on a busy machine. */
const leaseMs = 30_000;
const streamLeaseMs = 10_000;

/** What the test answers in the place of a model. */
type Engine = (work: PulledWork, signal: AbortSignal) => InferenceResult | Promise<InferenceResult>;

type Verdict = 'continue' | 'cancel' | 'late' | 'lost';

export const streamId = '70c75b04-1ec8-4aa1-930c-ddad9e47b54b';
const assignedCamera = { camera_id: 1, stream_id: streamId, frames_name: 'camera_0', name: 'test', frames_per_second: 4 };

/** An engine that finds persons in the given boxes of a 640 × 360 picture. */
export function findsPersons(...boxes: [number, number, number, number][]): (work: PulledWork) => InferenceResult {
  return () => ({
    detections: boxes.map((bbox) => ({ bbox, label: 'person', confidence: 0.8 })),
    picture: { w: 640, h: 360 },
    model: { name: 'test', version: '1', fingerprint: 'test' },
    latency_ms: 1,
  });
}

/**
 * An agent in this process on a real bus, with real FFmpeg. The test plays its neighbours on the bus: nvr, which assigns streams
 * and takes events; the gateway, which leases jobs; and the engine of an adapter.
 */
export class AgentFixture {
  /** What nvr assigns. */
  streams: AssignedStream[] = [];
  /** nvr does not answer claims. */
  claimsUnheard = false;
  claimsRefused = 0;
  /** Who may listen, as nvr says. */
  mayListen: (listener: StreamListener) => boolean = () => true;
  readonly events: (EventReport & { heardAtMs: number })[] = [];
  /** While set, nvr fails on every event with this. */
  eventFailure: AppError | undefined;
  readonly overlays: Overlay[] = [];
  /** What the agent told of its streams with its newest claim. */
  feedback: readonly StreamFeedback[] = [];
  readonly offers: AnalyticOffer[][] = [];
  releases = 0;
  /** What the gateway leases, in order. */
  readonly jobs: Work[] = [];
  readonly beats: { progress: number; stage: string }[] = [];
  verdict: Verdict = 'continue';
  /** The gateway does not answer beats. */
  beatsUnheard = false;
  readonly outcomes: { jobId: string; outcome: JobOutcome }[] = [];
  /** The gateway drops this many outcomes without an answer. */
  outcomesLost = 0;
  engine: Engine = findsPersons([100, 50, 80, 200]);
  readonly sources: string[] = [];

  private constructor(
    readonly agent: RunningAgent,
    readonly bus: Bus,
    /** Media store and frames directory of this agent. */
    readonly directory: string,
    private readonly parts: { shutdown: Shutdown; puller: InferencePuller },
  ) {}

  static async start(options: { natsUrl: string; config?: Partial<AgentConfig>; withEngine?: boolean }): Promise<AgentFixture> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-agent-'));
    const logger = createLogger({ service: 'agent', level: 'silent' });
    const bus = Bus.open({ url: options.natsUrl, name: 'neighbours', logger });
    await bus.ready(AbortSignal.timeout(60_000));
    const shutdown = new Shutdown({ logger });
    const config: AgentConfig = {
      host: '127.0.0.1',
      port: 0,
      natsUrl: options.natsUrl,
      ffmpegPath: undefined,
      agentId: `agent-${randomUUID().slice(0, 8)}`,
      streamSlots: 4,
      jobSlots: 1,
      selfCheck: false,
      hardware: undefined,
      idleAfterMs: 60_000,
      framesDir: path.join(directory, 'frames'),
      mediaDir: path.join(directory, 'media'),
      pluginsDir: path.join(directory, 'plugins'),
      pluginDataDir: path.join(directory, 'plugin-data'),
      activePlugins: [],
      eventSpoolDir: path.join(directory, 'agent-events'),
      callbackNetworks: [],
      videoFiles: { networks: [], bytesMax: 100_000_000, directory: path.join(directory, 'agent-videos') },
      ownPorts: [],
      access: { kind: 'open', loopbackOnly: true },
      ...options.config,
    };
    const late: { fixture: AgentFixture | undefined } = { fixture: undefined };
    const puller = newPuller({ bus, logger, late });
    const agent = await startAgent({ logger, shutdown, health: new Health() }, config);
    const fixture = new AgentFixture(agent, bus, directory, { shutdown, puller });
    late.fixture = fixture;
    fixture.answer();
    if (options.withEngine !== false) puller.start();
    return fixture;
  }

  file(...names: string[]): string {
    return path.join(this.directory, ...names);
  }

  /** Assigns the stream of a camera, or takes it away, and nudges the agent as nvr does. */
  assign(url: string | undefined, more: Partial<AssignedStream> = {}): void {
    this.streams = url === undefined ? [] : [AssignedStream.parse({ ...assignedCamera, url, ...more })];
    this.bus.publish(camerasChanged, { camera_id: 1 });
  }

  queueVideo(file: string, more: Partial<VideoWork> = {}): VideoWork {
    const work: VideoWork = {
      media_type: 'video',
      job_id: newJobId('video'),
      lease: randomUUID(),
      attempt: 1,
      lease_ms: leaseMs,
      file,
      ...more,
    };
    this.queue(work);
    return work;
  }

  queueImages(files: readonly string[], more: Partial<ImageWork> = {}): ImageWork {
    const work: ImageWork = {
      media_type: 'image',
      job_id: newJobId('image_batch'),
      lease: randomUUID(),
      attempt: 1,
      lease_ms: leaseMs,
      items: files.map((file, index) => ({ index, file })),
      ...more,
    };
    this.queue(work);
    return work;
  }

  /** Waits until a job was delivered. */
  async outcomeOf(work: Work, timeoutMs = 60_000): Promise<JobOutcome> {
    await until(() => this.outcomes.some(({ jobId }) => jobId === work.job_id), timeoutMs);
    const found = this.outcomes.find(({ jobId }) => jobId === work.job_id);
    if (!found) throw new Error('no outcome');
    return found.outcome;
  }

  /** FFmpeg processes of this agent: those that work on its directory, or on the camera at `url`. */
  ffmpegProcesses(url?: string): string[] {
    const table = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
    return table
      .split('\n')
      .filter((line) => line.includes('-nostdin') && (line.includes(this.directory) || (url !== undefined && line.includes(url))));
  }

  /** Waits until a job's pictures reach the engine: FFmpeg decodes, and is paused where the engine takes none. */
  async untilDecoding(): Promise<void> {
    await until(() => this.sources.length > 0 && this.ffmpegProcesses().length > 0);
  }

  /** A graceful stop of the agent alone. */
  stopAgent(): Promise<void> {
    return this.parts.shutdown.run('the test ends');
  }

  async close(): Promise<void> {
    await this.stopAgent();
    await this.parts.puller.stop();
    await this.bus.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Puts a job up and rings, as the gateway does. */
  private queue(work: Work): void {
    this.jobs.push(work);
    this.bus.publish(jobQueued, { job_id: work.job_id });
  }

  private answer(): void {
    this.bus.serve(claimStreams, ({ feedback }) => {
      if (this.claimsUnheard) {
        this.claimsRefused++;
        throw new AppError('unavailable', 'the database is away');
      }
      this.feedback = feedback;
      return { lease_ms: streamLeaseMs, streams: this.streams };
    });
    this.bus.serve(checkListeners, ({ listeners }) => ({ allowed: listeners.map(({ listener }) => this.mayListen(listener)) }));
    this.bus.serve(offerAnalytics, ({ analytics }) => {
      this.offers.push(analytics);
      return {};
    });
    this.bus.serve(releaseStreams, () => ({ released: ++this.releases }));
    this.bus.serve(reportEvent, (report) => {
      if (this.eventFailure) throw this.eventFailure;
      this.events.push({ ...report, heardAtMs: Date.now() });
      return { event_id: this.events.length, seq: this.events.length };
    });
    this.bus.on(overlayDrawn, (overlay) => void this.overlays.push(overlay));
    this.bus.serve(claimJob, () => ({ work: this.jobs.shift() ?? null }));
    this.bus.serve(beatJob, ({ progress, stage }) => {
      if (this.beatsUnheard) throw new AppError('unavailable', 'the database is away');
      this.beats.push({ progress, stage });
      return { verdict: this.verdict };
    });
    this.bus.serve(finishJob, ({ job_id: jobId, outcome }) => {
      if (this.outcomesLost-- > 0) throw new AppError('unavailable', 'the database is away');
      this.outcomes.push({ jobId, outcome });
      return { accepted: true };
    });
  }
}

function newPuller({ bus, logger, late }: { bus: Bus; logger: Logger; late: { fixture: AgentFixture | undefined } }): InferencePuller {
  return new InferencePuller({
    bus,
    capabilities: ['person_detection', 'object_detection', 'face_detection', 'text_recognition'],
    slots: 2,
    clock: systemClock,
    logger,
    run: async (work, signal) => {
      if (!late.fixture) throw new AppError('unavailable', 'the test is not ready');
      late.fixture.sources.push(`${work.lane} ${work.request.source}`);
      return late.fixture.engine(work, signal);
    },
  });
}

/** The form of a UUID of version 7, which is all that the contract asks for. */
function newJobId(prefix: string): string {
  return `${prefix}_${randomUUID().replace(/^(.{14})./, '$17')}`;
}
