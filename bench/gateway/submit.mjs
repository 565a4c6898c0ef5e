// P12: a submit with everything that belongs to it (key, schema, quota, idempotency, job, commit, 202) against a bare Fastify route with
// one INSERT. A video by its URL has no bytes to keep, so it is what the bar means; a batch of one small picture also syncs a file.
import http from 'node:http';
import path from 'node:path';
import pg from 'pg';
import { openJobSystem, processTree } from '../../e2e/faults/job-system.mjs';
import { cpuMsOf, startPeer } from '../adapter/processes.mjs';
import { describeRun, measurePairs, show, spreadOf } from '../adapter/pairs.mjs';
import { treeCpuMs } from './tree-cpu.mjs';

const concurrency = 32;
const pacePerSecond = 100;
const pictureBytes = 1024;
const takenAwayEveryMs = 250;

const byUrl = 'a video by URL';
const byPicture = `a picture of ${pictureBytes} bytes, against a route that syncs a file too`;

export async function measureP12(bench, { pairs, seconds, only = [byUrl, byPicture] }) {
  const videos = await openSilentServer(bench);
  const system = await openJobSystem({ settings: { NIGHTJAR_URL_SUBMIT_NETWORKS: '127.0.0.0/8' } });
  bench.onClose(() => system.close({ keep: false }));
  const [gateway] = system.gateways;
  const remover = await takeJobsAway(system);
  bench.onClose(remover.stop);
  const bare = startPeer(bench, '../gateway/bare-insert.mjs', {
    env: { DATABASE_URL: system.postgres.server.url, FILES_DIR: path.join(system.scratch, 'bare') },
  });
  const { url: bareUrl } = await bare.ask({});
  const load = startPeer(bench, '../gateway/submit-load.mjs');
  const headers = { 'content-type': 'application/json', 'x-api-key': system.apiKey };
  const cpuMs = (serverPid) => {
    const removing = cpuMsOf([remover.pid]);
    return {
      server: cpuMsOf([serverPid]),
      postgres: treeCpuMs(system.postgres.server.pid) - removing,
      removing,
      bus: cpuMsOf([system.bus.server.pid]),
      load: cpuMsOf([load.pid]),
    };
  };
  const measure = (pid, request) => async () => {
    const before = cpuMs(pid);
    const answered = await load.ask({ headers, seconds, concurrency, ...request });
    const after = cpuMs(pid);
    const perRequest = Object.fromEntries(Object.keys(after).map((who) => [who, (after[who] - before[who]) / answered.units]));
    return { perSecond: answered.units / answered.seconds, ...perRequest };
  };
  const compare = async (name, baseline, subject) => {
    const run = await measurePairs({
      pairs,
      baseline: measure(bare.pid, { url: bareUrl, ...baseline }),
      subject: measure(gateway.pid, { url: gateway.url, ...subject }),
      steady: ({ perSecond }) => perSecond,
    });
    const paced = await load.ask({ headers, url: gateway.url, seconds: 2 * seconds, perSecond: pacePerSecond, ...subject });
    const middle = (side, who) => spreadOf(run, (a, b) => (side === 'bare' ? a : b)[who]).median.toFixed(3);
    const cpuOf = (side) => ['server', 'postgres', 'bus', 'load', 'removing'].map((who) => `${who} ${middle(side, who)}`).join(', ');
    const ours = ({ server, postgres }) => server + postgres;
    return [
      `${name}: ${show(spreadOf(run, (a, b) => b.perSecond / a.perSecond))} of the requests a second; ${show(
        spreadOf(run, (_, b) => b.perSecond),
        0,
      )} against ${show(
        spreadOf(run, (a) => a.perSecond),
        0,
      )}`,
      `  CPU-ms for each request, bare: ${cpuOf('bare')}`,
      `  CPU-ms for each request, ours: ${cpuOf('ours')}`,
      `  server and Postgres, bare / ours: ${show(spreadOf(run, (a, b) => ours(a) / ours(b)))}`,
      `  at ${pacePerSecond} a second: p50 ${paced.p50Ms.toFixed(1)} ms, p99 ${paced.p99Ms.toFixed(1)} ms   [floor 40 ms, goal 15 ms]`,
      `  ${describeRun(run)}`,
    ];
  };
  const urlBody = JSON.stringify({ video_url: `${videos}/video.mp4` });
  const batchBody = JSON.stringify({ images: [{ data_base64: Buffer.alloc(pictureBytes, 1).toString('base64') }] });
  const comparisons = {
    [byUrl]: [
      { route: '/insert', body: urlBody },
      { route: '/v0.2/request/video', body: urlBody },
    ],
    [byPicture]: [
      { route: '/file', body: batchBody },
      { route: '/v0.2/request/images', body: batchBody },
    ],
  };
  const lines = [
    `${concurrency} at a time; the Postgres of both is one, with ${processTree(system.postgres.server.pid).length} processes   [floor 0.45, goal 0.6]`,
  ];
  for (const name of only) lines.push(...(await compare(name, ...comparisons[name])));
  return lines;
}

/** Removes what was submitted, as agents would work it off: a tenant has a thousand open jobs at most, and they are counted at each submit. */
async function takeJobsAway(system) {
  const client = new pg.Client({ connectionString: system.postgres.server.url });
  await client.connect();
  const {
    rows: [{ pid }],
  } = await client.query('SELECT pg_backend_pid() AS pid');
  let running = Promise.resolve();
  const timer = setInterval(() => (running = running.then(() => client.query('DELETE FROM jobs.job'))), takenAwayEveryMs);
  const stop = async () => {
    clearInterval(timer);
    await running;
    await client.end();
  };
  return { pid, stop };
}

/** Takes connections and never answers: what is submitted by URL waits, and its download costs nothing. */
async function openSilentServer(bench) {
  const server = http.createServer(() => undefined);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  bench.onClose(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}
