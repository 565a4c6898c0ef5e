// Bar P11, notifications to many live clients: `node bench/nvr/sse-fanout.mjs [--clients 1000] [--seconds 20] [--rates 5,20]
// [--turns bare,ours,ours,bare] [--profile FOLDER]`, the last for a CPU profile of our process. Needs `npm run build`.
// Ours: an nvr process, with authentication, a filter of five cameras of ten for each client, and rows behind it, told of events over
// the bus. Beside it a bare fan-out over node:http that is told the same events by its parent. Each runs alone, in turns A B B A;
// clients are a process of their own.
import { fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { reportEvent } from '../../libs/contracts/dist/index.js';
import { findFreePort } from '../../libs/embedded/dist/index.js';
import { Bus } from '../../libs/messaging/dist/index.js';
import { createLogger } from '../../libs/runtime/dist/index.js';
import { createTestDatabase, startTestBus, startTestPostgres, until } from '../../libs/testing/dist/index.js';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
    rates: { type: 'string', default: '5,20' },
    turns: { type: 'string', default: 'bare,ours,ours,bare' },
    profile: { type: 'string' },
  },
});
const clients = Number(values.clients);
const seconds = Number(values.seconds);
const rates = values.rates.split(',').map(Number);
const turns = values.turns.split(',');
const cameras = 10;
const password = 'password of the bench';
const ticksPerSecond = 100;
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
/** Five neighbours of ten cameras: every client hears half of the events. */
const urls = (base) =>
  Array.from(
    { length: cameras },
    (_, first) => `${base}${Array.from({ length: 5 }, (_, next) => `&camera_id=${((first + next) % cameras) + 1}`).join('')}`,
  );
const hears = (client, cameraId) => (cameraId - 1 - (client % cameras) + cameras) % cameras < 5;

const closers = [];
try {
  await run();
} finally {
  for (const close of closers.reverse()) await close();
}

async function run() {
  const ours = await startOurs();
  const bare = await startBare();
  for (const rate of rates) {
    const runs = { ours: [], bare: [] };
    for (const name of turns) runs[name].push(await measure(name === 'ours' ? ours : bare, rate));
    const mean = (name, key) => runs[name].reduce((sum, one) => sum + one[key], 0) / runs[name].length;
    for (const name of ['bare', 'ours'])
      console.log(
        `${String(rate).padStart(2)} events/s, ${clients} clients, ${name}: p50 ${mean(name, 'p50').toFixed(0)} ms, p99 ${mean(name, 'p99').toFixed(0)} ms, ` +
          `CPU ${mean(name, 'cpuMs').toFixed(0)} ms a second, ${runs[name].reduce((sum, one) => sum + one.messages, 0)} messages, ` +
          `${runs[name].reduce((sum, one) => sum + one.gaps, 0)} gaps, ${runs[name].reduce((sum, one) => sum + one.duplicates, 0)} duplicates`,
      );
    const ratio = (key) => (mean('ours', key) / mean('bare', key)).toFixed(2);
    console.log(`P11 at ${rate} events/s: p99 ${ratio('p99')}x (floor 2.0, goal 1.3), CPU ${ratio('cpuMs')}x (floor 2.0, goal 1.3)`);
  }
  console.log(`${seconds} s each; ${os.cpus().length} × ${os.cpus()[0].model}, load ${os.loadavg()[0].toFixed(1)}`);
}

async function measure(server, rate) {
  const listeners = fork(here('./sse-clients.mjs'));
  const told = (field) =>
    new Promise((resolve) => {
      const hear = (message) => {
        if (!(field in message)) return;
        listeners.off('message', hear);
        resolve(message);
      };
      listeners.on('message', hear);
    });
  const ready = told('ready');
  listeners.send({ urls: urls(server.url), headers: server.headers, clients });
  await ready;
  await sleep(1_000);
  const sent = [];
  const cpuBefore = cpuMsOf(server.pid);
  const startedMs = performance.now();
  for (let number = 0; number < rate * seconds; number++) {
    const cameraId = (number % cameras) + 1;
    sent.push(cameraId);
    server.tell(cameraId, number);
    await sleep(Math.max(0, startedMs + ((number + 1) * 1_000) / rate - performance.now()));
  }
  const wanted = sent.reduce(
    (sum, cameraId) => sum + Array.from({ length: clients }, (_, client) => hears(client, cameraId)).filter(Boolean).length,
    0,
  );
  let heard;
  // What is late is late, not lost: only what does not come at all is a gap.
  for (let waits = 0; waits < 30 && (heard?.latencies.length ?? 0) < wanted; waits++) {
    await sleep(1_000);
    const report = told('latencies');
    listeners.send({ report: true });
    heard = await report;
  }
  const { latencies, received } = heard;
  const cpuMs = (cpuMsOf(server.pid) - cpuBefore) / seconds;
  listeners.kill();
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))];
  let [gaps, duplicates] = [0, 0];
  for (const [client, numbers] of received.entries()) {
    const expected = sent.filter((cameraId) => hears(client, cameraId)).length;
    const distinct = new Set(numbers).size;
    gaps += expected - distinct;
    duplicates += numbers.length - distinct;
  }
  return { p50: at(0.5), p99: at(0.99), cpuMs, messages: latencies.length, gaps, duplicates };
}

/** User and system time of a process, all its threads. */
function cpuMsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
}

async function startBare() {
  const child = fork(here('./bare-fanout.mjs'));
  closers.push(() => child.kill());
  const { port } = await new Promise((resolve) => child.once('message', resolve));
  const tell = (cameraId, number) => child.send({ cameraId, data: eventLike(cameraId, number) });
  return { url: `http://127.0.0.1:${port}/?`, headers: {}, pid: child.pid, tell };
}

/** As large as a notification of ours. */
function eventLike(cameraId, number) {
  return {
    ...{ id: number, camera_id: cameraId, source: 'tier0', event_type: 'track', label: 'person', score: 0.9, track_id: `bench-${number}` },
    ...{
      started_at: new Date().toISOString(),
      ended_at: null,
      recording_ref: null,
      plate_text: null,
      has_evidence: false,
      evidence_url: null,
    },
    payload: { number, sent_ms: Date.now() },
  };
}

async function startOurs() {
  const postgres = await startTestPostgres();
  closers.push(() => postgres.stop());
  const { url: databaseUrl } = await createTestDatabase();
  const testBus = await startTestBus();
  closers.push(() => testBus.stop());
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-bench-'));
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
  const profiling = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
  const child = spawn(process.execPath, [...profiling, here('../../apps/nvr/dist/main.js')], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  closers.push(async () => {
    child.kill('SIGTERM');
    await until(() => child.exitCode !== null || child.signalCode !== null, 10_000);
  });
  const base = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${base}/readyz`).catch(() => undefined))?.status === 200, 60_000);
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  closers.push(() => database.end());
  await database.query(
    `INSERT INTO nvr.camera (name, frames_name, rtsp_url, uuid, updated_at)
     SELECT 'Bench ' || n, 'bench_' || n, 'rtsp://10.0.0.1/' || n, gen_random_uuid(), now() FROM generate_series(1, ${cameras}) AS n`,
  );
  const answer = await fetch(`${base}/api/v1/auth/login-json`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password }),
  });
  const headers = { authorization: `Bearer ${(await answer.json()).access_token}` };
  const bus = Bus.open({ url: testBus.url, name: 'bench', logger: createLogger({ service: 'bench', level: 'silent' }) });
  closers.push(() => bus.close());
  await bus.ready(AbortSignal.timeout(10_000));
  let runs = 0;
  const tell = (cameraId, number) => {
    if (number === 0) runs++;
    const event = { camera_id: cameraId, label: 'person', score: 0.9, track_id: `bench-${runs}-${number}`, started_at_unix_ms: Date.now() };
    const report = { ...event, ended_at_unix_ms: null, frame_file: null, payload: { number, sent_ms: Date.now() } };
    // As an agent does: a report that was not answered is sent again, and is the same event.
    const send = (attempt) =>
      bus.request(reportEvent, report, { timeoutMs: 30_000 }).catch(async (error) => {
        if (attempt === 5) return console.error(error);
        await sleep(200);
        return send(attempt + 1);
      });
    void send(1);
  };
  return { url: `${base}/api/v1/events/stream?types=notification`, headers, pid: child.pid, tell };
}
