// How long events take to be listed and replayed at ten million rows over a year, in partitions of a month:
// `node bench/nvr/event-list.mjs [--rows 10000000] [--requests 200]`. Needs `npm run build`, some 8 GB of disk and minutes to fill.
// Its Postgres, bus and nvr are its own; the nvr is a process, asked over HTTP, one request after the other.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findFreePort } from '../../libs/embedded/dist/index.js';
import { createTestDatabase, startTestBus, startTestPostgres, until } from '../../libs/testing/dist/index.js';
import pg from 'pg';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '10000000' }, requests: { type: 'string', default: '200' } },
});
const rows = Number(values.rows);
const requests = Number(values.requests);
const warmUps = 10;
const rowsAtOnce = 500_000;
const cameras = 50;
const password = 'password of the bench';
const viewer = 'viewer';
/** The last of the events; they cover a year before it. */
const endUnix = Math.floor(Date.now() / 1_000);
const yearSeconds = 365 * 24 * 3_600;

/** Of the database of this run. */
let databaseUrl;
const closers = [];
try {
  await run();
} finally {
  for (const close of closers.reverse()) await close();
}

async function run() {
  const postgres = await startTestPostgres();
  closers.push(() => postgres.stop());
  ({ url: databaseUrl } = await createTestDatabase());
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  closers.push(() => database.end());
  const bus = await startTestBus();
  closers.push(() => bus.stop());
  const nvr = await startNvr({ databaseUrl, natsUrl: bus.url });
  const startedMs = performance.now();
  await fill(database);
  console.log(`${rows} events of ${cameras} cameras over a year, written in ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
  const tokens = { admin: await logIn(nvr, 'admin'), viewer: await logIn(nvr, viewer) };
  const { rows: newest } = await database.query('SELECT max(seq)::int AS seq FROM nvr.event');
  const asked = [
    ['for comparison: a user asks who he is, one row', async () => (await ask(`${nvr}/api/v1/auth/me`, tokens.admin)) && 0],
    ...queries().map(([name, who, query]) => [name, () => list(nvr, tokens[who], `?limit=50${query()}`)]),
    ['latest', () => list(nvr, tokens.admin, '/latest?limit=50')],
    ['latest of 3 cameras of 50', () => list(nvr, tokens.viewer, '/latest?limit=50')],
    ['replay of 200 notifications', () => replay(nvr, tokens.admin, { newestSeq: newest[0].seq, missed: 200, query: '' })],
    ['replay behind 9,900 of others, of one camera: the first', () => replay(nvr, tokens.admin, { newestSeq: newest[0].seq, missed: 9_900, query: '&camera_id=7' })], // prettier-ignore
  ];
  for (const [name, once] of asked) {
    const { p50Ms, p99Ms, count } = await measure(once, requests);
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
    ['alerts of apps, none in the newest 60 days', 'admin', () => '&source=app'],
    ['alerts of one camera', 'admin', () => `&event_type=alert&camera_id=${camera()}`],
    ['a number plate', 'admin', () => `&plate=AB${random(1, 10)}`],
    ['a score that nothing has: a page of what 20,000 rows held', 'admin', () => '&min_score=1'],
  ];
}

function between(fromUnix, seconds) {
  return `&from=${fromUnix}&to=${fromUnix + seconds}`;
}

async function fill(database) {
  const { rows: users } = await database.query(`
    INSERT INTO nvr."user" (username, password_hash, updated_at) SELECT '${viewer}', password_hash, now() FROM nvr."user" WHERE username = 'admin'
    RETURNING id`);
  const userId = users[0].id;
  await database.query(
    `INSERT INTO nvr.camera (name, frames_name, rtsp_url, uuid, updated_at, owner_id)
     SELECT 'Bench ' || n, 'bench_' || n, 'rtsp://10.0.0.1/' || n, gen_random_uuid(), now(), CASE WHEN n <= 3 THEN $1::int END
     FROM generate_series(1, ${cameras}) AS n`,
    [userId],
  );
  await makePastMonths(database);
  const { rows: indexes } = await database.query(
    `SELECT indexdef, indexname FROM pg_indexes WHERE schemaname = 'nvr' AND tablename = 'event' AND indexname NOT LIKE '%pkey'`,
  );
  for (const { indexname } of indexes) await database.query(`DROP INDEX nvr.${indexname}`);
  // Rows and then indexes by as many connections as there are cores. Nothing here is to outlive a crash.
  const { rows: months } = await database.query(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'nvr.event'::regclass`,
  );
  for (const { name } of months) await database.query(`ALTER TABLE ${name} SET UNLOGGED`);
  const firsts = Array.from({ length: Math.ceil(rows / rowsAtOnce) }, (_, index) => 1 + index * rowsAtOnce);
  await byAllCores(firsts, (writer, first) => insertEvents(writer, first));
  await insertFew(database);
  await byAllCores(indexes, (writer, { indexdef }) => writer.query(indexdef.replace(' ON ONLY ', ' ON ')));
  await database.query(
    `INSERT INTO nvr.event_review (user_id, event_id)
     SELECT $1::int, id FROM nvr.event WHERE camera_id <= 3 ORDER BY started_at DESC LIMIT 10000`,
    [userId],
  );
  await database.query('VACUUM (ANALYZE) nvr.event');
  await database.query('ANALYZE nvr.event_review');
}

/** Hands each item to one of the connections. The owner of the rows is trusted: no look at the camera for each of them. */
async function byAllCores(items, work) {
  const waiting = [...items];
  const writers = os.cpus().map(async () => {
    const writer = new pg.Client({ connectionString: databaseUrl });
    await writer.connect();
    await writer.query(
      `SET session_replication_role = replica; SET maintenance_work_mem = '512MB'; SET max_parallel_maintenance_workers = 0`,
    );
    while (waiting.length > 0) await work(writer, waiting.shift());
    await writer.end();
  });
  await Promise.all(writers);
}

/** The first cameras see ten times as much as the others; camera 3 has been quiet for half a year. */
async function insertEvents(writer, first) {
  await writer.query(`
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
          FROM generate_series(${first}::int, ${Math.min(rows, first + rowsAtOnce - 1)}::int) AS number) AS numbered
      ) AS placed`);
}

/** What a year has few of: cars that stand there for weeks and months, and alerts of apps, older than a million tracks. */
async function insertFew(database) {
  await database.query(`SET session_replication_role = replica`);
  await database.query(`
      INSERT INTO nvr.event (camera_id, source, event_type, label, score, track_id, started_at, ended_at)
      SELECT 9, 'tier0', 'track', 'car', 0.9, 'parked-' || days, to_timestamp(${endUnix}) - days * interval '1 day', to_timestamp(${endUnix})
      FROM unnest(ARRAY[7, 50, 300]) AS days`);
  await database.query(`
      INSERT INTO nvr.event (camera_id, source, event_type, label, track_id, started_at, ended_at, plate_text)
      SELECT 1 + number % ${cameras}, 'app', 'alert', 'Loitering', 'alert-' || number, at, at, CASE WHEN number % 2 = 0 THEN 'BAB' || number END
      FROM (SELECT number, to_timestamp(${endUnix}) - (60 + number * 0.1) * interval '1 day' AS at FROM generate_series(1, 1000) AS number) AS placed`);
  await database.query(`SET session_replication_role = origin`);
}

/** A year ago there would have been partitions: what the nvr makes in time ahead, made behind. */
async function makePastMonths(database) {
  const now = new Date();
  const monthsAgo = (count) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - count, 1)).toISOString();
  await database.query('ALTER TABLE nvr.event DETACH PARTITION nvr_events.event_before');
  for (let ago = 12; ago >= 1; ago--)
    await database.query(`CREATE TABLE nvr_events.event_${monthsAgo(ago).slice(0, 7).replace('-', '_')} PARTITION OF nvr.event
      FOR VALUES FROM ('${monthsAgo(ago)}') TO ('${monthsAgo(ago - 1)}')`);
  await database.query(`ALTER TABLE nvr.event ATTACH PARTITION nvr_events.event_before FOR VALUES FROM (MINVALUE) TO ('${monthsAgo(12)}')`);
}

async function measure(once, turns) {
  const times = [];
  let count = 0;
  for (let turn = -Math.min(warmUps, turns); turn < turns; turn++) {
    const startedMs = performance.now();
    count = await once();
    if (turn >= 0) times.push(performance.now() - startedMs);
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  return { p50Ms: at(0.5), p99Ms: at(0.99), count };
}

async function list(nvr, token, path) {
  return (await ask(`${nvr}/api/v1/events${path}`, token)).count;
}

async function ask(url, token) {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(60_000) });
  const body = await answer.json();
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${JSON.stringify(body)}`);
  return body;
}

/** Connects as a client that has missed `missed` notifications, until it has them. */
async function replay(nvr, token, { newestSeq, missed, query }) {
  const headers = { authorization: `Bearer ${token}`, 'last-event-id': String(newestSeq - missed) };
  const answer = await fetch(`${nvr}/api/v1/events/stream?types=notification${query}`, { headers, signal: AbortSignal.timeout(60_000) });
  let text = '';
  let count = 0;
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    // A chunk may end within the words.
    text += chunk;
    count = text.split('event: notification').length - 1;
    if (query === '' ? count >= missed : count > 0) return count;
  }
  throw new Error(`the replay ended after ${count}`);
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
