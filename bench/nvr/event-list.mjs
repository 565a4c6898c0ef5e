// How long the list of events takes at a million rows: `node bench/nvr/event-list.mjs [--rows 1000000] [--requests 200]`. Needs
// `npm run build`. Its Postgres, bus and nvr are its own; the nvr is a process, asked over HTTP, one request after the other.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openNvrDatabase } from '../../libs/database/dist/index.js';
import { findFreePort } from '../../libs/embedded/dist/index.js';
import { createTestDatabase, startTestBus, startTestPostgres, until } from '../../libs/testing/dist/index.js';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, requests: { type: 'string', default: '200' } },
});
const rows = Number(values.rows);
const requests = Number(values.requests);
const warmUps = 10;
const cameras = 50;
const password = 'password of the bench';
const viewer = 'viewer';
/** The last of the events; they cover a year before it. */
const endUnix = Date.UTC(2026, 0, 1) / 1_000;
const yearSeconds = 365 * 24 * 3_600;

const closers = [];
try {
  await run();
} finally {
  for (const close of closers.reverse()) await close();
}

async function run() {
  const postgres = await startTestPostgres();
  closers.push(() => postgres.stop());
  const { url: databaseUrl } = await createTestDatabase();
  const database = openNvrDatabase({ url: databaseUrl, connectionsMax: 2, statementMs: 1_800_000 });
  closers.push(() => database.$disconnect());
  const bus = await startTestBus();
  closers.push(() => bus.stop());
  const nvr = await startNvr({ databaseUrl, natsUrl: bus.url });
  const startedMs = performance.now();
  await fill(database);
  console.log(`${rows} events of ${cameras} cameras over a year, written in ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
  const tokens = { admin: await logIn(nvr, 'admin'), viewer: await logIn(nvr, viewer) };
  for (const [name, who, query] of queries()) {
    const { p50Ms, p99Ms, count } = await measure(nvr, tokens[who], query);
    console.log(`${name.padEnd(62)} p50 ${p50Ms.toFixed(1).padStart(7)} ms   p99 ${p99Ms.toFixed(1).padStart(7)} ms   ${count} events`);
  }
  console.log(
    `${requests} requests each, limit 50, one at a time; ${os.cpus().length} × ${os.cpus()[0].model}, load ${os.loadavg()[0].toFixed(1)}`,
  );
}

/** Name, who asks, and the query of a turn: no two alike where that is possible. */
function queries() {
  const random = (from, to) => from + Math.floor(Math.random() * (to - from));
  const moment = () => random(endUnix - yearSeconds, endUnix);
  const camera = () => random(1, cameras + 1);
  const cursor = () => Buffer.from(JSON.stringify([moment() * 1_000, 1])).toString('base64url');
  return [
    ['newest', 'admin', () => ''],
    ['newest of 3 cameras of 50', 'viewer', () => ''],
    ['deep in the list', 'admin', () => `&cursor=${cursor()}`],
    ['deep in the list, 3 cameras of 50', 'viewer', () => `&cursor=${cursor()}`],
    ['one camera', 'admin', () => `&camera_id=${camera()}`],
    ['an hour', 'admin', () => between(moment(), 3_600)],
    ['an hour of one camera', 'admin', () => `&camera_id=${camera()}${between(moment(), 3_600)}`],
    ['a month of one camera, score 0.95 and more', 'admin', () => `&camera_id=${camera()}&min_score=0.95${between(moment(), 30 * 86_400)}`],
    ['a label of one event in 10,000', 'admin', () => '&label=bear'],
    ['that label at one camera', 'admin', () => `&label=bear&camera_id=${camera()}`],
    ['a frequent label, deep', 'admin', () => `&label=person&cursor=${cursor()}`],
    ['not reviewed, the newest 10,000 being so', 'viewer', () => '&reviewed=false'],
    ['without evidence, the newest 30 days having it', 'admin', () => '&has_evidence=false'],
    ['a score that nothing has: every row is looked at', 'admin', () => '&min_score=1'],
  ];
}

function between(fromUnix, seconds) {
  return `&from=${fromUnix}&to=${fromUnix + seconds}`;
}

async function fill(database) {
  const { passwordHash } = await database.user.findUniqueOrThrow({ where: { username: 'admin' } });
  const { id: userId } = await database.user.create({ data: { username: viewer, passwordHash } });
  for (let index = 1; index <= cameras; index++)
    await database.camera.create({
      data: {
        framesName: `bench_${index}`,
        name: `Bench ${index}`,
        rtspUrl: `rtsp://10.0.0.1/${index}`,
        ...(index <= 3 ? { ownerId: userId } : {}),
      },
    });
  // The first cameras see ten times as much as the others; camera 3 has been quiet for half a year.
  await database.$executeRaw`
    INSERT INTO nvr.event (camera_id, source, event_type, label, score, track_id, started_at, ended_at, evidence_file, payload)
    SELECT camera_id, 'tier0', 'track',
      CASE WHEN number % 10000 = 0 THEN 'bear' WHEN number % 20 = 0 THEN 'dog' WHEN number % 4 = 0 THEN 'car' ELSE 'person' END,
      (0.5 + random() * 0.49)::real, 'bench-' || number, started_at, started_at + (5 + random() * 60) * interval '1 s',
      CASE WHEN started_at > to_timestamp(${endUnix}) - interval '30 days' THEN 'a.jpg' END,
      '{"bbox": [0.1, 0.2, 0.3, 0.4], "frame": {"w": 1920, "h": 1080}}'::jsonb
    FROM (
      SELECT number, camera_id, to_timestamp(${endUnix}) - (CASE WHEN camera_id = 3 THEN ${yearSeconds}::float8 / 2 ELSE 0 END
        + (${rows}::float8 - number) / ${rows}::float8 * ${yearSeconds}::float8 / (CASE WHEN camera_id = 3 THEN 2 ELSE 1 END)) * interval '1 s' AS started_at
      FROM (SELECT number, CASE WHEN random() < 0.2 THEN 1 + (number % 2)::int ELSE 3 + floor(random() * ${cameras - 2}::int)::int END AS camera_id
        FROM generate_series(1, ${rows}::int) AS number) AS numbered
    ) AS placed`;
  await database.$executeRaw`
    INSERT INTO nvr.event_review (user_id, event_id)
    SELECT ${userId}::int, id FROM nvr.event WHERE camera_id <= 3 ORDER BY started_at DESC LIMIT 10000`;
  // VACUUM can't run in Prisma's hands; ANALYZE can, and autovacuum does the rest on a real machine.
  await database.$executeRaw`ANALYZE nvr.event`;
  await database.$executeRaw`ANALYZE nvr.event_review`;
}

async function measure(nvr, token, query) {
  const times = [];
  let count = 0;
  for (let turn = -warmUps; turn < requests; turn++) {
    const url = `${nvr}/api/v1/events?limit=50${query()}`;
    const startedMs = performance.now();
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(60_000) });
    const body = await answer.json();
    if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${JSON.stringify(body)}`);
    if (turn < 0) continue;
    times.push(performance.now() - startedMs);
    count = body.count;
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  return { p50Ms: at(0.5), p99Ms: at(0.99), count };
}

async function startNvr({ databaseUrl, natsUrl }) {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-bench-'));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const port = await findFreePort();
  const main = fileURLToPath(new URL('../../apps/nvr/dist/main.js', import.meta.url));
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: databaseUrl,
    NATS_URL: natsUrl,
    NVR_PORT: String(port),
    NIGHTJAR_DATA_DIR: dataDir,
    NIGHTJAR_SECRET_KEY: randomBytes(32).toString('base64'),
    BOOTSTRAP_ADMIN_PASSWORD: password,
  };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  closers.push(async () => {
    child.kill('SIGTERM');
    await until(() => child.exitCode !== null || child.signalCode !== null, 10_000);
  });
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200, 60_000);
  return url;
}

async function logIn(nvr, username) {
  const answer = await fetch(`${nvr}/api/v1/auth/login-json`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  return (await answer.json()).access_token;
}
