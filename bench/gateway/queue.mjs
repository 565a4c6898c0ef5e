// P13: jobs through our lease statements against graphile-worker as it comes, both with eight workers in one process, on one Postgres.
import pg from 'pg';
import { openJobSystem } from '../../e2e/faults/job-system.mjs';
import { startPeer } from '../adapter/processes.mjs';
import { describeRun, measurePairs, show, spreadOf } from '../adapter/pairs.mjs';
import { treeCpuMs } from './tree-cpu.mjs';

const workers = 8;
const jobsPerWindow = 2_000;
const addsPerSecond = 50;

export async function measureP13(bench, { pairs, seconds }) {
  const system = await openJobSystem();
  bench.onClose(() => system.close({ keep: false }));
  const env = { DATABASE_URL: system.postgres.server.url, NATS_URL: system.bus.server.url };
  const ours = startPeer(bench, '../gateway/our-queue.mjs', { env });
  const graphile = startPeer(bench, '../gateway/graphile-queue.mjs', { env });
  const drain = (peer) => async () => {
    const before = treeCpuMs(system.postgres.server.pid);
    const drained = await peer.ask({ type: 'drain', jobs: jobsPerWindow, workers });
    const postgresCpuMsPerJob = (treeCpuMs(system.postgres.server.pid) - before) / jobsPerWindow;
    return { ...drained, postgresCpuMsPerJob, allCpuMsPerJob: drained.cpuMsPerJob + postgresCpuMsPerJob };
  };
  const run = await measurePairs({ pairs, baseline: drain(graphile), subject: drain(ours), steady: ({ perSecond }) => perSecond });
  const lines = [
    `jobs a second, ours / graphile-worker: ${show(spreadOf(run, (a, b) => b.perSecond / a.perSecond))}   [floor 0.8, goal 1.0]; ${show(
      spreadOf(run, (_, b) => b.perSecond),
      0,
    )} against ${show(
      spreadOf(run, (a) => a.perSecond),
      0,
    )}`,
    `  CPU-ms per job of the workers' process and Postgres, the adding included, graphile-worker / ours: ${show(spreadOf(run, (a, b) => a.allCpuMsPerJob / b.allCpuMsPerJob))}`,
    ...['cpuMsPerJob', 'postgresCpuMsPerJob'].map(
      (name) => `    ${name}: ours ${show(spreadOf(run, (_, b) => b[name]))}, graphile-worker ${show(spreadOf(run, (a) => a[name]))}`,
    ),
    `  ${jobsPerWindow} jobs a window, ${workers} workers; ${describeRun(run)}`,
  ];
  await writeOut(system.postgres.server.url);
  // A B B A: a neighbour that comes once must not always meet the same one.
  const starts = { ours: [], graphile: [] };
  for (const name of ['ours', 'graphile', 'graphile', 'ours']) {
    const peer = name === 'ours' ? ours : graphile;
    starts[name].push(await peer.ask({ type: 'latency', perSecond: addsPerSecond, seconds: 2 * seconds, workers }));
  }
  for (const [name, title] of [
    ['ours', 'ours, through the gateway and the bus'],
    ['graphile', 'graphile-worker'],
  ]) {
    const each = (key) => starts[name].map((start) => start[key].toFixed(1)).join(' and ');
    lines.push(
      `added → started at ${addsPerSecond} a second, ${title}, two windows: p50 ${each('p50Ms')} ms, p99 ${each('p99Ms')} ms, longest ${each('longestMs')} ms   [p99: floor 50 ms, goal 20 ms]`,
    );
  }
  return lines;
}

/** What the drains left to be written is theirs: a checkpoint in the middle of a window makes commits wait for it. */
async function writeOut(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('CHECKPOINT');
  await client.end();
}
