import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { beatJob, claimJob, finishJob, type ImageResult, type JobOutcome, type VideoResult, type Work } from '@nightjar/contracts';
import { openJobsDatabase, type JobsDatabase } from '@nightjar/database';
import { Bus } from '@nightjar/messaging';
import { createLogger, Health, Shutdown } from '@nightjar/runtime';
import { createTestDatabase, startTestBus, until } from '@nightjar/testing';
import type { CallerConfig, GatewayConfig } from './config.js';
import { startGateway, type RunningGateway } from './gateway.js';
import { createJobId } from './jobs/job-id.js';
import type { LeaseTimings } from './jobs/job-leases.js';
import type { WebhookDoubles } from './webhooks/start-webhooks.js';

export type RequestBody = NonNullable<RequestInit['body']>;

/** The key that every gateway of a test knows. */
export const apiKey = 'key-of-the-gateway-tests';

/** For calls over the bus: on a loaded machine anything may pause for seconds, and no test is about that. */
export const callMs = 60_000;

export const videoResult: VideoResult = {
  raw_scenes: [{ start_seconds: 0, end_seconds: 2 }],
  frame_activity_diffs: [0.1],
  person_constellation_scenes: [],
  ocr_results: [],
  sections: [],
};
export const finishedVideo: JobOutcome = { state: 'finished', media_type: 'video', result: videoResult, duration_seconds: 2 };
export const imageResult: ImageResult = { person_ids: [], person_detections: [], picture: { w: 4, h: 3 }, ocr_results: [] };

/** What a gateway stands on, for one spec file. */
export interface GatewayServices {
  databaseUrl: string;
  natsUrl: string;
  stop: () => Promise<void>;
}

/** A database and a bus of their own. */
export async function startGatewayServices(): Promise<GatewayServices> {
  const [database, bus] = await Promise.all([createTestDatabase(), startTestBus()]);
  const stop = async () => {
    await bus.stop();
    await database.drop();
  };
  return { databaseUrl: database.url, natsUrl: bus.url, stop };
}

/** A gateway in this process on a real database, bus and disk, with what a test needs to play client and agent. */
export class GatewayFixture {
  private constructor(
    readonly gateway: RunningGateway,
    readonly database: JobsDatabase,
    readonly agentBus: Bus,
    readonly mediaDir: string,
    private readonly shutdown: Shutdown,
  ) {}

  static async start(options: {
    databaseUrl: string;
    natsUrl: string;
    mediaDir?: string;
    timings?: LeaseTimings;
    webhooks?: WebhookDoubles;
    callers?: Partial<CallerConfig>;
    config?: Partial<GatewayConfig>;
  }): Promise<GatewayFixture> {
    const mediaDir = options.mediaDir ?? (await mkdtemp(path.join(os.tmpdir(), 'nightjar-media-')));
    const logger = createLogger({ service: 'gateway', level: 'silent' });
    const shutdown = new Shutdown({ logger });
    const config: GatewayConfig = {
      host: '127.0.0.1',
      port: 0,
      databaseUrl: options.databaseUrl,
      natsUrl: options.natsUrl,
      mediaDir,
      defaultMaxProcessingSeconds: 0,
      uploadBytesMax: 1024 ** 3,
      urlSubmit: { enabled: true, networks: [] },
      retentionMs: 3_600_000,
      quotas: { jobsOpenMax: 0, jobsPerDayMax: 0, uploadBytesPerDayMax: 0 },
      bootstrapApiKey: apiKey,
      operationPaths: { prefix: '/v0.2', paths: {} },
      callers: {
        keyHeader: 'X-API-Key',
        jwksUrl: 'http://127.0.0.1:9/jwks.json',
        jwksCacheFile: path.join(mediaDir, 'gateway-jwks.json'),
        issuer: 'nightjar',
        requestsPerMinute: 1_000_000,
        trustedProxies: [],
        ...options.callers,
      },
      secretKey: Buffer.alloc(32, 7).toString('base64'),
      webhooks: { networks: [], ownPorts: [], signatureFormat: 'sha256=hex' },
      ...options.config,
    };
    const gateway = await startGateway({ logger, shutdown, health: new Health() }, config, options.timings, options.webhooks);
    const agentBus = Bus.open({ url: options.natsUrl, name: 'agent', logger });
    shutdown.register('agent bus', () => agentBus.close());
    const database = openJobsDatabase({ url: options.databaseUrl, connectionsMax: 2 });
    shutdown.register('database of the test', () => database.$disconnect());
    const fixture = new GatewayFixture(gateway, database, agentBus, mediaDir, shutdown);
    await agentBus.ready(AbortSignal.timeout(callMs));
    await until(async () => (await fetch(`${gateway.url}/readyz`)).status === 200);
    // It is ready once it has asked the server for what it listens to; this comes last, so the server has it all when it is answered.
    const noWork = { job_id: createJobId('video', 0), lease: randomUUID() };
    const failed = { state: 'failed', error: { code: 'nothing', message: 'no job of ours' } } as const;
    await until(() =>
      agentBus.request(finishJob, { ...noWork, outcome: failed }, { timeoutMs: callMs }).then(
        () => true,
        () => false,
      ),
    );
    return fixture;
  }

  /** Stops the gateway as SIGTERM does; rows and files stay. */
  async stop(): Promise<void> {
    await this.shutdown.run('the test ends');
  }

  async stopAndRemoveMedia(): Promise<void> {
    await this.stop();
    await rm(this.mediaDir, { recursive: true, force: true });
  }

  /** A request with the key of the tests, unless `headers` names another. */
  request(route: string, init: RequestInit & { duplex?: 'half' } = {}): Promise<Response> {
    return fetch(`${this.gateway.url}${route}`, {
      ...init,
      headers: { 'X-API-Key': apiKey, ...(init.headers as Record<string, string> | undefined) },
    });
  }

  async submitVideo(body: RequestBody = 'not looked at by the gateway', headers: Record<string, string> = {}): Promise<string> {
    const response = await this.request('/v0.2/request/video', {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'video/mp4', ...headers },
    });
    return ((await response.json()) as { job_id: string }).job_id;
  }

  async submitImages(images: readonly object[], headers: Record<string, string> = {}): Promise<string> {
    const response = await this.request('/v0.2/request/images', {
      method: 'POST',
      body: JSON.stringify({ images }),
      headers: { 'Content-Type': 'application/json', ...headers },
    });
    return ((await response.json()) as { job_id: string }).job_id;
  }

  /** The result as a client polls it. */
  async poll(jobId: string): Promise<Record<string, unknown>> {
    const media = jobId.startsWith('video_') ? 'video' : 'images';
    return (await (await this.request(`/v0.2/results/${media}/${jobId}`)).json()) as Record<string, unknown>;
  }

  /** Asks for work as an agent does. */
  async claim(agentId = 'agent-1'): Promise<Work | null> {
    return (await this.agentBus.request(claimJob, { agent_id: agentId }, { timeoutMs: callMs })).work;
  }

  /** Claims and insists on work. */
  async claimWork(agentId = 'agent-1'): Promise<Work> {
    const work = await this.claim(agentId);
    if (!work) throw new Error('no job waits');
    return work;
  }

  /** Beats as an agent does. @returns the verdict */
  async beat({ job_id, lease }: Work, progress = 0.5, stage = 'persons'): Promise<string> {
    return (await this.agentBus.request(beatJob, { job_id, lease, progress, stage }, { timeoutMs: callMs })).verdict;
  }

  /** Reports an outcome as an agent does. @returns whether it was accepted */
  async finish({ job_id, lease }: Work, outcome: JobOutcome): Promise<boolean> {
    return (await this.agentBus.request(finishJob, { job_id, lease, outcome }, { timeoutMs: callMs })).accepted;
  }

  /** Everything in the media store but its own empty folder. */
  async mediaFiles(): Promise<string[]> {
    const entries = await readdir(this.mediaDir, { recursive: true });
    return entries.filter((entry) => entry !== '.incoming').sort();
  }
}
