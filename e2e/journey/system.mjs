// Starts the product as a newcomer does (the launcher, on an empty data directory) but on free ports, so that the journey can
// run beside anything else.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, sleep } from './checks.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const launcher = path.join(root, 'apps/launcher/dist/main.js');

/**
 * Ports that nobody listens on. Not those that the kernel hands out: before the system listens, and whenever it is started again, one of
 * them could be the near end of somebody's connection.
 */
async function freePorts(count) {
  const ports = new Set();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 1_000) throw new Error('no free ports between 10,000 and 32,000');
    const port = randomInt(10_000, 32_000);
    if (await canListen(port)) ports.add(port);
  }
  return [...ports];
}

function canListen(port) {
  return new Promise((resolve) => {
    const server = net
      .createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Settings of a system of its own: free ports, own data, known first credentials. */
export async function ownSettings(dataDir) {
  const [gateway, nvr, agent, adapter] = await freePorts(4);
  return {
    NIGHTJAR_DATA_DIR: dataDir,
    GATEWAY_PORT: String(gateway),
    NVR_PORT: String(nvr),
    AGENT_PORT: String(agent),
    ADAPTER_PORT: String(adapter),
    BOOTSTRAP_ADMIN_PASSWORD: 'journey-admin-password',
    BOOTSTRAP_API_KEY: 'nj_journey_api_key_0123456789',
  };
}

export function addressesOf(settings) {
  const at = (port) => `http://127.0.0.1:${port}`;
  return {
    gateway: at(settings.GATEWAY_PORT),
    nvr: at(settings.NVR_PORT),
    agent: at(settings.AGENT_PORT),
    adapter: at(settings.ADAPTER_PORT),
  };
}

/** Runs the launcher; its output is kept and, when it ends badly, shown. */
export function startLauncher(settings, args = []) {
  const child = spawn(process.execPath, [launcher, ...args], {
    cwd: root,
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const launched = { child, output: '', exited: new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal }))) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (launched.output += data));
  return launched;
}

/** Waits until every face says ready. @returns seconds from the start */
export async function waitUntilReady(launched, addresses, withinMs) {
  const startedMs = performance.now();
  let ended;
  void launched.exited.then((how) => (ended = how));
  await eventually(
    'ready',
    async () => {
      if (ended) return true;
      const answers = await Promise.all(
        Object.values(addresses).map((address) =>
          fetch(`${address}/readyz`, { signal: AbortSignal.timeout(10_000) }).then(
            (r) => r.status,
            () => 0,
          ),
        ),
      );
      return answers.every((status) => status === 200);
    },
    { withinMs, everyMs: 250 },
  );
  if (ended) throw new Error(`the launcher ended with ${JSON.stringify(ended)}:\n${launched.output.slice(-3_000)}`);
  return (performance.now() - startedMs) / 1000;
}

/** Ctrl-C, then waits for the end. @returns seconds it took */
export async function stopLauncher(launched, signal = 'SIGINT') {
  const startedMs = performance.now();
  if (launched.child.exitCode === null && launched.child.signalCode === null) launched.child.kill(signal);
  const how = await Promise.race([launched.exited, sleep(120_000).then(() => undefined)]);
  if (!how) {
    launched.child.kill('SIGKILL');
    throw new Error('the launcher did not stop within 120 s');
  }
  return { ...how, seconds: (performance.now() - startedMs) / 1000 };
}

/**
 * Processes of this system: those with the data directory in their environment or arguments, and all that they started (an engine
 * process is not told of it). Linux only; elsewhere an empty list.
 */
export function processesOf(dataDir) {
  if (process.platform !== 'linux') return [];
  const running = fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const environment = fs.readFileSync(`/proc/${pid}/environ`, 'utf8');
        const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const [state, parent] = fs
          .readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ');
        const isMarked = environment.includes(dataDir) || command.includes(dataDir);
        return state === 'Z' ? [] : [{ pid: Number(pid), parent: Number(parent), command, isMarked }];
      } catch {
        return [];
      }
    });
  const found = running.filter(({ isMarked }) => isMarked);
  for (const { pid } of found) found.push(...running.filter(({ parent, isMarked }) => parent === pid && !isMarked));
  return found.map(({ pid, command }) => ({ pid, command }));
}

export const findProcess = (dataDir, part) => processesOf(dataDir).filter(({ command }) => command.includes(part));

/** CPU time in ms that a process used so far, its ended children included. */
export function cpuMsOf(pid) {
  const fields = fs
    .readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  // utime, stime of the process itself, in ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
