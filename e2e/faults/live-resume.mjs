// Clients of the live stream, half of them WebSockets, that are cut off at random moments while events come, and come back with their
// last id; the NVR itself is killed in between. In the end each client must have every notification once and in order.
// usage: node e2e/faults/live-resume.mjs [--disconnects 1000] [--clients 20] [--perSecond 40] [--kills 3] [--seed N]
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import WebSocket from 'ws';
import { reportEvent } from '../../libs/contracts/dist/index.js';
import { findFreePort } from '../../libs/embedded/dist/index.js';
import { Bus } from '../../libs/messaging/dist/index.js';
import { createLogger } from '../../libs/runtime/dist/index.js';
import { createTestDatabase, startTestBus, startTestPostgres, until } from '../../libs/testing/dist/index.js';
import { printHeader, readNumbers, seededRandom } from './run-faults.mjs';

const { disconnects, clients, perSecond, kills, seed } = readNumbers({ disconnects: 1000, clients: 20, perSecond: 40, kills: 3, seed: 1 });
const password = 'password of the fault';
/** A connection lives this long at most; some end before their first message. */
const connectionMaxMs = 1_000;
const settleMs = 60_000;

const closers = [];

async function run() {
  printHeader('live streams that break off');
  const random = seededRandom(seed);
  const system = await startSystem();
  const streams = Array.from({ length: clients }, (_, index) => new ResumingStream(system, index % 2 === 0 ? readSse : readSocket, random));
  const cuts = () => streams.reduce((sum, { cuts: count }) => sum + count, 0);
  const reporter = report(system, () => cuts() >= disconnects);
  const cutting = streams.map((stream) => stream.breakOffUntil(() => cuts() >= disconnects));
  for (let kill = 1; kill <= kills; kill++) {
    await until(() => cuts() >= (kill * disconnects) / (kills + 1), 600_000);
    await system.killAndRestart();
    await system.logIn();
  }
  await Promise.all(cutting);
  await reporter;
  const { rows } = await system.database.query('SELECT seq::int FROM nvr.event ORDER BY seq');
  const expected = rows.map(({ seq }) => seq);
  await Promise.all(streams.map((stream) => stream.readTo(expected.at(-1))));
  let [gaps, duplicates, disorders] = [0, 0, 0];
  for (const { received } of streams) {
    const distinct = new Set(received);
    gaps += expected.filter((seq) => !distinct.has(seq)).length;
    duplicates += received.length - distinct.size;
    disorders += received.filter((seq, index) => index > 0 && seq < received[index - 1]).length;
  }
  console.log(`  ${cuts()} disconnects of ${clients} clients, ${kills} kills of the NVR, ${expected.length} notifications for each client`);
  console.log(`  ${gaps} gaps, ${duplicates} duplicates, ${disorders} out of order`);
  return gaps + duplicates + disorders === 0 && expected.length > 0;
}

/** A client that keeps its last id over its connections. */
class ResumingStream {
  received = [];
  cuts = 0;
  lastId = 0;

  constructor(system, read, random) {
    Object.assign(this, { system, read, random });
  }

  async breakOffUntil(isOver) {
    while (!isOver()) {
      const cut = AbortSignal.timeout(Math.ceil(this.random() * connectionMaxMs));
      await this.connect(cut);
      this.cuts++;
    }
  }

  async readTo(seq) {
    const deadline = Date.now() + settleMs;
    while (this.lastId < seq && Date.now() < deadline) {
      const stop = new AbortController();
      const reading = this.connect(stop.signal);
      await until(() => this.lastId >= seq, 5_000).catch(() => undefined);
      stop.abort();
      await reading;
    }
    // What would come twice has some time to come.
    const stop = new AbortController();
    const reading = this.connect(stop.signal);
    await sleep(500);
    stop.abort();
    await reading;
  }

  async connect(signal) {
    const take = ({ event, id }) => {
      if (signal.aborted) return;
      if (event === 'notification') this.received.push(id);
      if (id !== undefined) this.lastId = id;
    };
    try {
      await this.read(this.system, this.lastId, signal, take);
    } catch {
      // While the NVR is away or says no, a client waits a moment.
      if (!signal.aborted) await sleep(100);
    }
  }
}

async function readSse(system, lastId, signal, take) {
  const headers = { authorization: `Bearer ${system.token}`, 'last-event-id': String(lastId) };
  const answer = await fetch(`${system.url}/api/v1/events/stream?types=notification`, { headers, signal });
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  let rest = '';
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
      take({ event: fields.get('event'), id: fields.has('id') ? Number(fields.get('id')) : undefined });
    }
  }
}

function readSocket(system, lastId, signal, take) {
  return new Promise((resolve, reject) => {
    const url = `${system.url.replace('http', 'ws')}/api/v1/events/stream?types=notification&last_event_id=${lastId}`;
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${system.token}` } });
    signal.addEventListener('abort', () => socket.terminate(), { once: true });
    socket.on('message', (data) => take(JSON.parse(data.toString())));
    socket.on('error', reject);
    socket.on('close', resolve);
  });
}

/** Reports until it is told to stop; as an agent does, one that was not answered is reported again. */
async function report(system, isOver) {
  const waiting = [];
  for (let number = 0; !isOver(); number++) {
    const event = { camera_id: 1, label: 'person', score: 0.9, track_id: `track-${number}`, started_at_unix_ms: Date.now() };
    waiting.push(reportOnce(system, { ...event, ended_at_unix_ms: null, frame_file: null, payload: {} }));
    await sleep(1_000 / perSecond);
  }
  await Promise.all(waiting);
}

async function reportOnce({ bus }, event) {
  const deadline = Date.now() + settleMs;
  for (;;) {
    try {
      return await bus.request(reportEvent, event, { timeoutMs: 2_000 });
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

async function startSystem() {
  const postgres = await startTestPostgres();
  closers.push(() => postgres.stop());
  const { url: databaseUrl } = await createTestDatabase();
  const testBus = await startTestBus();
  closers.push(() => testBus.stop());
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-fault-'));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const port = await findFreePort();
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: databaseUrl,
    NATS_URL: testBus.url,
    NVR_PORT: String(port),
    NIGHTJAR_DATA_DIR: dataDir,
    NIGHTJAR_SECRET_KEY: randomBytes(32).toString('base64'),
    BOOTSTRAP_ADMIN_PASSWORD: password,
  };
  const url = `http://127.0.0.1:${port}`;
  let child;
  const start = async () => {
    const main = fileURLToPath(new URL('../../apps/nvr/dist/main.js', import.meta.url));
    child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    await until(async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200, 120_000);
  };
  const gone = () => until(() => child.exitCode !== null || child.signalCode !== null, 30_000);
  await start();
  closers.push(async () => {
    child.kill('SIGTERM');
    await gone();
  });
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  closers.push(() => database.end());
  await database.query(
    `INSERT INTO nvr.camera (name, frames_name, rtsp_url, uuid, updated_at) VALUES ('Yard', 'yard', 'rtsp://10.0.0.1/1', gen_random_uuid(), now())`,
  );
  const bus = Bus.open({ url: testBus.url, name: 'fault', logger: createLogger({ service: 'fault', level: 'silent' }) });
  closers.push(() => bus.close());
  await bus.ready(AbortSignal.timeout(10_000));
  const system = { url, database, bus, token: '' };
  system.logIn = async () => {
    const answer = await fetch(`${url}/api/v1/auth/login-json`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password }),
    });
    system.token = (await answer.json()).access_token;
  };
  system.killAndRestart = async () => {
    child.kill('SIGKILL');
    await gone();
    await start();
  };
  await system.logIn();
  return system;
}

let passed = false;
try {
  passed = await run();
} finally {
  for (const close of closers.reverse()) await close();
}
console.log(passed ? 'passed' : 'FAILED');
process.exit(passed ? 0 : 1);
