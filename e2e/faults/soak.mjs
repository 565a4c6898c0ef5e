// R24: the content service under mixed load for half an hour: a camera that is recorded, events over the bus, 1,000 SSE clients of which each
// stays for some time, leaves and comes back with its last id, and somebody who reads lists, recordings, pictures and live video. No client
// misses or repeats a notification; what is left in memory after a collection does not grow, and handles are as before when all have gone.
// usage: node e2e/faults/soak.mjs [--minutes 30] [--clients 1000] [--per-second 2]      (npm run build first; a night: --minutes 360)
import { fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { reportEvent } from '../../libs/contracts/dist/index.js';
import { Bus } from '../../libs/messaging/dist/index.js';
import { createLogger } from '../../libs/runtime/dist/index.js';
import { startTestCamera } from '../../libs/testing/dist/index.js';
import { call, eventually, sleep } from '../journey/checks.mjs';
import { openNvr } from './nvr-system.mjs';
import { printHeader } from './run-faults.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    clients: { type: 'string', default: '1000' },
    'per-second': { type: 'string', default: '2' },
  },
});
const [minutes, clients, perSecond] = [values.minutes, values.clients, values['per-second']].map(Number);
const soakMs = minutes * 60_000;
/** Caches fill, code is compiled: the first part of the run says nothing about growth. */
const warmUpShare = 1 / 3;
const growthMibMax = 1;
const handlesMoreMax = 8;
/** A login lasts 15 minutes. */
const loginEveryMs = 5 * 60_000;
const lifeMs = [20_000, 100_000];

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'nightjar-soak-'));
const closers = [];
let failed = true;
printHeader(`soak of ${minutes} min with ${clients} clients`);
try {
  failed = !(await run());
} catch (error) {
  console.log(error);
}
for (const close of closers.reverse()) await close();
console.log(failed ? `FAILED; logs are in ${scratch}` : 'passed');
if (!failed) fs.rmSync(scratch, { recursive: true, force: true });
process.exit(failed ? 1 : 0);

async function run() {
  const measured = (name) => path.join(scratch, `${name}.jsonl`);
  const nvr = await openNvr({ scratch, preload: { file: fileURLToPath(new URL('soak-preload.mjs', import.meta.url)), measured } });
  closers.push(() => nvr.stop());
  const device = await startTestCamera();
  closers.push(() => device.close());
  const camera = (await nvr.post('cameras', { name: 'yard', frames_name: 'yard', rtsp_url: device.url })).json;
  const bus = Bus.open({ url: nvr.busUrl, name: 'soak', logger: createLogger({ service: 'soak', level: 'silent' }) });
  closers.push(() => bus.close());
  await bus.ready(AbortSignal.timeout(10_000));
  await recorded(nvr);
  // What is opened once, at the first request and the first listener, is there before handles are counted.
  await readSomething(nvr, camera.id, { requests: 0, faults: [] });
  await sleep(25_000);
  const before = { api: lastOf(measured('api')), recorder: lastOf(measured('recorder')) };
  const startedMs = performance.now();
  const listeners = fork(fileURLToPath(new URL('soak-clients.mjs', import.meta.url)));
  closers.push(() => listeners.kill());
  const token = () => nvr.headers.authorization.replace('Bearer ', '');
  listeners.send({ url: `${nvr.url}/api/v1/events/stream?types=notification`, token: token(), clients, lifeMs });
  const isOver = () => performance.now() - startedMs > soakMs;
  const seen = { requests: 0, faults: [] };
  await Promise.all([
    report(bus, camera.id, isOver),
    readOn(nvr, camera.id, { seen, isOver }),
    renewLogin(nvr, { isOver, onToken: () => listeners.send({ token: token() }) }),
  ]);
  // Who is between two connections comes back and reads what it missed.
  await sleep(lifeMs[0]);
  const answer = new Promise((resolve) => listeners.once('message', resolve));
  listeners.send({ leave: true });
  const told = await answer;
  await sleep(25_000);
  const rows = (await nvr.query('SELECT seq::int FROM nvr.event ORDER BY seq')).map(({ seq }) => seq);
  const ledger = judgeNotifications(told.received, rows);
  console.log(
    `  ${told.connections} connections of ${clients} clients (${told.refused} asked to come again), ${rows.length} notifications for each, ` +
      `${ledger.messages} in all: ${ledger.gaps} gaps, ${ledger.wrong} twice or out of order; ${seen.requests} other requests, ${seen.faults.length} faults`,
  );
  for (const fault of seen.faults.slice(0, 5)) console.log(`  ${fault}`);
  const grows = ['api', 'recorder'].map((name) => judgeMemory(name, measured(name), before[name]));
  const sent = rows.length > 0 && told.received.some((ids) => ids.length > 0);
  return sent && ledger.gaps + ledger.wrong + seen.faults.length === 0 && !grows.includes(true);
}

/** Each client has, from the first that it got, every notification, and in order. */
function judgeNotifications(received, rows) {
  const places = new Map(rows.map((seq, place) => [seq, place]));
  const result = { gaps: 0, wrong: 0, messages: 0 };
  for (const ids of received) {
    result.messages += ids.length;
    for (const [index, id] of ids.entries()) {
      const step = index === 0 ? 1 : places.get(id) - places.get(ids[index - 1]);
      if (step > 1) result.gaps += step - 1;
      if (!(step >= 1)) result.wrong++;
    }
    if (ids.length > 0) result.gaps += rows.length - 1 - places.get(ids.at(-1));
  }
  return result;
}

/** @returns whether what is held grows by more than it may, as far as the scatter of the measurements lets one say so */
function judgeMemory(name, file, before) {
  const all = linesOf(file);
  const from = before.atMs + soakMs * warmUpShare;
  const soaked = all.filter(({ atMs }) => atMs > from && atMs < before.atMs + soakMs);
  const after = all.at(-1);
  const parts = ['heapUsed', 'arrayBuffers', 'rss'].map((part) => ({ part, ...slope(soaked.map((one) => [one.atMs, one[part]])) }));
  const mib = (bytes) => (bytes / 2 ** 20).toFixed(1);
  const told = parts.map(({ part, mibPerHour, error }) => `${part} ${mibPerHour.toFixed(2)} ± ${error.toFixed(2)} MiB/h`);
  console.log(
    `  ${name}: after the first third, after collections: ${told.join(', ')}; RSS ${mib(before.rss)} before, ${mib(after.rss)} MiB after; ` +
      `handles ${before.handles} before, ${Math.max(...soaked.map(({ handles }) => handles))} at most, ${after.handles} after`,
  );
  const isGrowing = ({ mibPerHour, error }) => mibPerHour - 2 * error > growthMibMax;
  return soaked.length < 3 || parts.some(isGrowing) || after.handles > before.handles + handlesMoreMax;
}

/** Of the straight line through points of (ms, bytes), with its standard error. */
function slope(points) {
  const [meanX, meanY] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  const over = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const rate = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / over;
  const rest = points.reduce((sum, [x, y]) => sum + (y - meanY - rate * (x - meanX)) ** 2, 0);
  const mibAnHour = 3_600_000 / 2 ** 20;
  return { mibPerHour: rate * mibAnHour, error: Math.sqrt(rest / Math.max(1, points.length - 2) / over) * mibAnHour };
}

async function report(bus, cameraId, isOver) {
  const one = (number) => ({
    camera_id: cameraId,
    label: 'person',
    score: 0.9,
    track_id: `soak-${number}`,
    started_at_unix_ms: Date.now(),
  });
  for (let number = 0; !isOver(); number++) {
    const event = { ...one(number), ended_at_unix_ms: null, frame_file: null, payload: { number } };
    // As an agent does: what was not answered is reported again, and is the same event.
    const send = (attempt) =>
      bus.request(reportEvent, event, { timeoutMs: 10_000 }).catch(async (error) => {
        if (attempt === 10) throw error;
        await sleep(500);
        return send(attempt + 1);
      });
    await Promise.all([send(1), sleep(1_000 / perSecond)]);
  }
}

async function readOn(nvr, cameraId, { seen, isOver }) {
  while (!isOver()) {
    await readSomething(nvr, cameraId, seen);
    await sleep(1_000);
  }
}

/** What a person with the dashboard open asks for. */
async function readSomething(nvr, cameraId, seen) {
  const now = Date.now() / 1_000;
  const routes = [
    'cameras',
    'events/latest?limit=50',
    `recordings/${cameraId}?start_unix=${now - 120}&end_unix=${now}`,
    'recordings/storage',
    `cameras/${cameraId}/snapshot`,
  ];
  for (const route of routes) {
    seen.requests++;
    const { bytes, status } = await call(`${nvr.url}/api/v1/${route}`, { headers: nvr.headers });
    // Who comes too often hears 429, who comes while much is asked 503: answers, not faults.
    if (![200, 429, 503].includes(status)) seen.faults.push(`${route}: ${status} ${bytes.toString('utf8').slice(0, 200)}`);
  }
  const viewer = nvr.watch(cameraId);
  await sleep(500);
  viewer.close();
}

async function renewLogin(nvr, { isOver, onToken }) {
  let renewedMs = performance.now();
  while (!isOver()) {
    await sleep(1_000);
    if (performance.now() - renewedMs < loginEveryMs) continue;
    renewedMs = performance.now();
    await nvr.get('auth/me').catch(() => undefined);
    onToken();
  }
}

async function recorded(nvr) {
  await eventually('a recording', async () => (await nvr.query('SELECT 1 FROM nvr.segment LIMIT 1')).length > 0, { withinMs: 60_000 });
}

function linesOf(file) {
  return fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function lastOf(file) {
  return linesOf(file).at(-1);
}
