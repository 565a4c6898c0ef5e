import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { DeclaredRoute } from '@nightjar/auth';
import { openNvrDatabase, type NvrDatabase } from '@nightjar/database';
import { Bus } from '@nightjar/messaging';
import { createLogger, Health, jsonOrUndefined, Shutdown } from '@nightjar/runtime';
import { createTestDatabase, startTestBus } from '@nightjar/testing';
import type { ApiConfig } from './config.js';
import { startApi } from './start-api.js';

export const adminPassword = 'correct horse battery';

interface Sent<Body> {
  status: number;
  body: Body;
}

/** The API process on a database, a bus and directories of its own. */
export interface TestNvr {
  url: string;
  config: ApiConfig;
  routes: DeclaredRoute[];
  database: NvrDatabase;
  /** Another member of the bus: an agent, or the recorder. */
  bus: Bus;
  /** Calls with the admin's token. */
  fetch(pathname: string, init?: RequestInit): Promise<Response>;
  /** The same with JSON, there and back; `headers` may name another caller. @returns no body where the answer is no JSON */
  send<Body = unknown>(method: string, pathname: string, body?: unknown, headers?: Record<string, string>): Promise<Sent<Body>>;
  token: string;
  stop(): Promise<void>;
}

export async function startTestNvr(overrides: Partial<ApiConfig> = {}): Promise<TestNvr> {
  const logger = createLogger({ service: 'nvr', level: 'silent' });
  const [testDatabase, testBus, directory] = await Promise.all([
    createTestDatabase(),
    startTestBus(),
    mkdtemp(path.join(os.tmpdir(), 'nightjar-nvr-')),
  ]);
  const config = { ...configIn(directory, { databaseUrl: testDatabase.url, natsUrl: testBus.url }), ...overrides };
  await mkdir(config.framesDir, { recursive: true });
  await mkdir(path.join(config.dashboardDir, 'assets'), { recursive: true });
  await writeFile(path.join(config.dashboardDir, 'index.html'), '<!doctype html><title>site</title>');
  await writeFile(path.join(config.dashboardDir, 'assets', 'page-1a2b.js'), 'export {};');
  const shutdown = new Shutdown({ logger });
  const health = new Health();
  const { url, routes } = await startApi({ logger, shutdown, health }, config);
  const bus = Bus.open({ url: testBus.url, name: 'test', logger });
  await bus.ready(AbortSignal.timeout(60_000));
  const database = openNvrDatabase({ url: testDatabase.url, connectionsMax: 2 });
  const token = await logIn(url);
  const fetchAsAdmin: TestNvr['fetch'] = (pathname, init = {}) =>
    fetch(`${url}${pathname}`, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });
  return {
    url,
    config,
    routes,
    database,
    bus,
    token,
    fetch: fetchAsAdmin,
    send: async <Body>(method: string, pathname: string, body?: unknown, headers: Record<string, string> = {}) => {
      const json = { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
      const response = await fetchAsAdmin(pathname, { method, ...(body === undefined ? { headers } : json) });
      return { status: response.status, body: jsonOrUndefined(await response.text()) as Body };
    },
    stop: async () => {
      await bus.close();
      await database.$disconnect();
      await shutdown.run('the test is over');
      await Promise.all([testBus.stop(), testDatabase.drop(), rm(directory, { recursive: true, force: true })]);
    },
  };
}

/** Settings of a test: everything it writes is in the directory, and nothing is removed for its age. */
function configIn(directory: string, { databaseUrl, natsUrl }: Pick<ApiConfig, 'databaseUrl' | 'natsUrl'>): ApiConfig {
  return {
    databaseUrl,
    natsUrl,
    secretKey: randomBytes(32).toString('base64'),
    framesDir: path.join(directory, 'frames'),
    recordingsDir: path.join(directory, 'recordings'),
    retention: { ageMsMax: 0, usedBytesMax: 0, freeBytesMin: 0 },
    archive: undefined,
    ffmpegPath: undefined,
    evidenceDir: path.join(directory, 'evidence'),
    exports: { directory: path.join(directory, 'exports'), keptMs: 3_600_000, bytesMax: 0 },
    thumbnailsDir: path.join(directory, 'thumbnails'),
    dashboardDir: path.join(directory, 'site'),
    cameraNetworks: ['10.0.0.0/8'],
    ownPorts: [],
    host: '127.0.0.1',
    port: 0,
    issuer: 'nightjar',
    trustedProxies: [],
    adminPassword,
    demoCameraUrl: undefined,
    discoveryTargets: [],
    detectFps: 2,
    webhooks: { networks: [], ownPorts: [], signatureFormat: 'sha256=hex' },
    internalApiKey: undefined,
    infer: { adapters: new Map(), headers: {} },
    lunaTrustedNetworks: [],
    videoFileNetworks: [],
    eventRetentionMs: 0,
    whepUrl: undefined,
    liveBeatMs: 2_000,
  };
}

export async function logIn(
  url: string,
  credentials: { username: string; password: string } = { username: 'admin', password: adminPassword },
): Promise<string> {
  const response = await fetch(`${url}/api/v1/auth/login`, { method: 'POST', body: new URLSearchParams(credentials) });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}
