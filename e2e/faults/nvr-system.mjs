// The content service as it ships for fault scripts: Postgres, bus, API and recorder, on request an agent, each a process of its own on data
// of its own, asked over HTTP as its users do.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import WebSocket from 'ws';
import { findFreePort } from '../../libs/embedded/dist/index.js';
import { createTestDatabase, requireFfmpeg, startTestBus, startTestPostgres } from '../../libs/testing/dist/index.js';
import { call, expectStatus } from '../journey/checks.mjs';
import { root, Service } from './job-system.mjs';

const password = 'password of the fault scripts';

/**
 * Brings it up, logged in as the administrator.
 * @param options.settings of API and recorder, beside the usual ones
 * @param options.preload what is loaded into both first, and where each writes to: `{ file, measured: (name) => file }`
 */
export async function openNvr({ scratch, settings = {}, withAgent = false, preload }) {
  const stops = [];
  const stop = async () => {
    for (const close of stops.reverse()) await close();
  };
  try {
    const postgres = await startTestPostgres();
    stops.push(() => postgres.stop());
    const { url: databaseUrl } = await createTestDatabase();
    const database = new pg.Client({ connectionString: databaseUrl });
    await database.connect();
    stops.push(() => database.end());
    const query = async (text, parameters) => (await database.query(text, parameters)).rows;
    const bus = await startTestBus();
    stops.push(() => bus.stop());
    const [apiPort, recorderPort, agentPort] = [await findFreePort(), await findFreePort(), await findFreePort()];
    const recordingsDir = path.join(scratch, 'recordings');
    const common = { NATS_URL: bus.url, NIGHTJAR_DATA_DIR: scratch, FFMPEG_PATH: await requireFfmpeg() };
    const environment = {
      ...common,
      DATABASE_URL: databaseUrl,
      NIGHTJAR_SECRET_KEY: randomBytes(32).toString('base64'),
      NIGHTJAR_RECORDINGS_DIR: recordingsDir,
      NIGHTJAR_CAMERA_NETWORKS: '127.0.0.0/8',
      NIGHTJAR_RETENTION_FREE_BYTES: '0',
      NVR_PORT: String(apiPort),
      NIGHTJAR_RECORDER_PORT: String(recorderPort),
      ...settings,
    };
    const service = (name, { app = 'nvr', main = 'main.js', port, ...more }) =>
      new Service({
        name,
        app,
        url: `http://127.0.0.1:${port}`,
        logFile: path.join(scratch, `${name}.log`),
        wrap: () => [
          process.execPath,
          ...(preload ? ['--expose-gc', '--import', preload.file] : []),
          path.join(root, 'apps', app, 'dist', main),
        ],
        environment: { ...environment, ...more.environment, ...(preload ? { SOAK_FILE: preload.measured(name) } : {}) },
      });
    const api = service('api', { port: apiPort, environment: { BOOTSTRAP_ADMIN_PASSWORD: password } });
    const recorder = service('recorder', { main: 'recorder.main.js', port: recorderPort });
    const agent = service('agent', { app: 'agent', port: agentPort });
    agent.environment = {
      ...common,
      AGENT_PORT: String(agentPort),
      NVR_PORT: String(apiPort),
      NIGHTJAR_RECORDER_PORT: String(recorderPort),
    };
    for (const one of withAgent ? [api, recorder, agent] : [api, recorder]) {
      stops.push(() => one.kill());
      await one.start();
    }
    return { ...(await logIn(api.url)), api, recorder, agent, recordingsDir, busUrl: bus.url, query, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A token lasts 15 minutes, and scripts may take longer. */
const tokenMs = 5 * 60_000;

async function logIn(url) {
  const headers = {};
  let loggedInMs = Number.NEGATIVE_INFINITY;
  const freshHeaders = async () => {
    if (performance.now() - loggedInMs < tokenMs) return headers;
    const answer = await call(`${url}/api/v1/auth/login-json`, { method: 'POST', json: { username: 'admin', password } });
    headers.authorization = `Bearer ${expectStatus(answer, 200).json.access_token}`;
    loggedInMs = performance.now();
    return headers;
  };
  const ask = async (method, route, { json, status = 200 } = {}) => {
    const address = route.startsWith('/') ? `${url}${route}` : `${url}/api/v1/${route}`;
    return expectStatus(await call(address, { method, headers: await freshHeaders(), json }), status);
  };
  await freshHeaders();
  return {
    url,
    password,
    /** Of the newest login. */
    headers,
    get: (route, status) => ask('GET', route, { status }),
    post: (route, json, status) => ask('POST', route, { json, status }),
    /** Live video on a WebSocket: what was told, and the media, first of which is a begin. */
    watch: (camera) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/cameras/${camera}/live`, { headers });
      const seen = { told: [], media: [], startedMs: performance.now(), firstPictureMs: undefined, close: () => socket.terminate() };
      socket.on('message', (data, isBinary) => {
        if (!isBinary) return void seen.told.push(JSON.parse(data.toString()));
        seen.media.push(data);
        if (seen.media.length === 2) seen.firstPictureMs = performance.now() - seen.startedMs;
      });
      socket.on('error', () => undefined);
      return seen;
    },
  };
}

/** Files below a folder that end so. */
export function filesBelow(directory, ending) {
  const entries = fs.readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}
