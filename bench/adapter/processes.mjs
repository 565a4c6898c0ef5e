// Processes under measurement: started here, ended here, and what they used of the machine (Linux: /proc).
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../../libs/embedded/dist/index.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const adapterMain = path.join(root, 'apps/adapter/dist/main.js');
const msPerTick = 10;
const startMs = 180_000;

/** As the adapter starts its engine processes (apps/adapter/src/engine/engine-child.ts), so that bare loops run under the same conditions. */
export const likeEngineProcess = {
  env: { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: String(8 << 20), MALLOC_MMAP_THRESHOLD_: String(1 << 20) },
  execArgv: ['--expose-gc', '--single-threaded-gc'],
};

/** User and system time of all threads of these processes so far. */
export function cpuMsOf(pids) {
  return pids.reduce((sum, pid) => sum + ticksOf(pid) * msPerTick, 0);
}

function ticksOf(pid) {
  const fields = fs
    .readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

export function rssMiB(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

export function childrenOf(pid) {
  return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A fresh data directory for each adapter; converted models are shared by all of one run. */
export function openBench() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nightjar-bench-'));
  const stops = [];
  let adapters = 0;
  return {
    dir,
    modelCacheDir: process.env.BENCH_MODEL_CACHE_DIR ?? path.join(dir, 'model-cache'),
    newDataDir: () => path.join(dir, `adapter-${adapters++}`),
    onClose: (stop) => stops.push(stop),
    close: async () => {
      for (const stop of stops.reverse()) await stop();
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Starts the adapter as operators do, on a free port and nothing else of Nightjar's in its environment, and waits until it is ready. */
export async function startAdapter(bench, { engineProcesses, settings = {} }) {
  const dataDir = bench.newDataDir();
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [adapterMain], {
    env: {
      PATH: process.env.PATH,
      NIGHTJAR_DATA_DIR: dataDir,
      NIGHTJAR_MODEL_CACHE_DIR: bench.modelCacheDir,
      NIGHTJAR_ENGINE_PROCESSES: String(engineProcesses),
      ADAPTER_PORT: String(port),
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output = (output + text).slice(-20_000)));
  const exited = once(child, 'exit');
  bench.onClose(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  const endMs = performance.now() + startMs;
  const isReady = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady())) {
    if (child.exitCode !== null || performance.now() > endMs)
      throw new Error(`the adapter did not start:
${output}`);
    await sleep(50);
  }
  const engines = childrenOf(child.pid);
  if (engines.length !== engineProcesses) throw new Error(`${engines.length} engine processes instead of ${engineProcesses}`);
  return { url, dataDir, pid: child.pid, engines, pids: [child.pid, ...engines] };
}

/** A process of ours that answers one message with one message. `core`: pinned there where `taskset` is installed. */
export function startPeer(bench, file, { core, env = {}, execArgv = [] } = {}) {
  const child = fork(path.join(root, 'bench/adapter', file), {
    serialization: 'advanced',
    execArgv,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  if (core !== undefined) pin(child.pid, core);
  const exited = once(child, 'exit');
  bench.onClose(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  const ask = async (message) => {
    const answered = once(child, 'message');
    child.send(message);
    const [answer] = await Promise.race([
      answered,
      exited.then(([code]) => {
        throw new Error(`${file} ended with ${code}`);
      }),
    ]);
    if (answer.error) throw new Error(`${file}: ${answer.error}`);
    return answer;
  };
  return { pid: child.pid, ask };
}

function pin(pid, core) {
  if (core >= os.cpus().length) return;
  spawn('taskset', ['-a', '-c', '-p', String(core), String(pid)], { stdio: 'ignore' }).on('error', () => undefined);
}
