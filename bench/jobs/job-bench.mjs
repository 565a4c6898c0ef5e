// What both bars of jobs stand on: a bus, an adapter as operators start it, and the analysis of jobs in this process.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { OfferedCapabilities } from '../../apps/agent/dist/jobs/offered-capabilities.js';
import { adapterCapacity } from '../../libs/contracts/dist/index.js';
import { chooseBus, startNatsServer } from '../../libs/embedded/dist/index.js';
import { findFfmpeg } from '../../libs/media/dist/index.js';
import { Bus, InferenceDispatcher } from '../../libs/messaging/dist/index.js';
import { createLogger, systemClock } from '../../libs/runtime/dist/index.js';
import { root, startAdapter } from '../adapter/processes.mjs';

const token = 'bench-token-0123456789';

/** @returns everything that `analyseVideo` and `analyseImages` need, and the processes that work for them */
export async function startParts(bench, { engineProcesses = os.cpus().length } = {}) {
  const choice = await chooseBus({});
  if (choice.kind !== 'nats-server') throw new Error('nats-server is not installed here');
  const dataDir = path.join(bench.dir, 'bus');
  fs.mkdirSync(dataDir);
  const server = await startNatsServer({ program: choice.program, version: choice.version, dataDir, token });
  bench.onClose(() => server.stop());
  const adapter = await startAdapter(bench, { engineProcesses, settings: { NATS_URL: server.url, NIGHTJAR_ADAPTER_ID: 'bench' } });
  const bus = Bus.open({ url: server.url, name: 'bench', logger: createLogger({ service: 'bench', level: 'error' }) });
  bench.onClose(() => bus.close());
  await bus.ready(AbortSignal.timeout(10_000));
  const capabilities = new OfferedCapabilities(systemClock);
  bus.on(adapterCapacity, (capacity) => capabilities.hear(capacity));
  const dispatcher = new InferenceDispatcher(bus, systemClock);
  const ffmpeg = await findFfmpeg({});
  return { adapter, parts: { dispatcher, capabilities, ffmpeg, clock: systemClock } };
}

/** Wall and CPU time of `perform`: of this process, of its children that ended meanwhile (FFmpeg), and of `pids`. */
export async function measure(cpuMsOf, pids, perform) {
  const before = { self: process.cpuUsage(), others: cpuMsOf(pids), children: childrenCpuMs(), atMs: performance.now() };
  const value = await perform();
  const { user, system } = process.cpuUsage(before.self);
  return {
    value,
    wallMs: performance.now() - before.atMs,
    cpuMs: {
      agent: (user + system) / 1_000,
      ffmpeg: childrenCpuMs() - before.children,
      adapter: cpuMsOf(pids) - before.others,
    },
  };
}

/** User and system time of children that were waited for. */
function childrenCpuMs() {
  const fields = fs
    .readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

export function describeMachine() {
  const [cpu] = os.cpus();
  let commit = 'unknown';
  try {
    commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    // Not a checkout: the numbers are as good.
  }
  return `${cpu.model}, ${os.cpus().length} cores, Node ${process.versions.node}, commit ${commit}, load average ${os.loadavg()[0].toFixed(1)}, ${new Date().toISOString().slice(0, 16)} UTC`;
}
