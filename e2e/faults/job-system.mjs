// What a fault script hurts: Postgres, bus, gateways, and on request real agents and adapters, each a process of its own on data of its
// own, started and started again as operators do.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '../../libs/database/dist/index.js';
import { chooseBus, findFreePort, startBrokerProcess, startEmbeddedPostgres, startNatsServer } from '../../libs/embedded/dist/index.js';
import { findFfmpeg } from '../../libs/media/dist/index.js';
import { eventually, sleep } from '../journey/checks.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const apiKey = 'key-of-the-fault-scripts';
const password = 'password-of-the-fault-scripts';
const token = 'token-of-the-fault-scripts';

/** One of our services. Dies by `kill`, lives again by `start`. */
export class Service {
  child;

  constructor({ name, app, url, environment, logFile, wrap = (command) => command }) {
    Object.assign(this, { name, url, environment, logFile });
    this.command = wrap([process.execPath, path.join(root, 'apps', app, 'dist/main.js')]);
  }

  get pid() {
    return this.child?.pid;
  }

  get isRunning() {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** @returns ms until it said that it is ready */
  async start({ withinMs = 120_000 } = {}) {
    const log = fs.openSync(this.logFile, 'a');
    const startedMs = performance.now();
    const [program, ...args] = this.command;
    this.child = spawn(program, args, { env: { PATH: process.env.PATH, ...this.environment }, stdio: ['ignore', log, log] });
    fs.closeSync(log);
    await this.ready({ withinMs });
    return performance.now() - startedMs;
  }

  /** Waits until it says that it is ready. */
  async ready({ withinMs = 120_000 } = {}) {
    await eventually(
      `${this.name} ready`,
      async () => {
        if (!this.isRunning) return true;
        return (await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2_000) })).status === 200;
      },
      { withinMs, everyMs: 25 },
    );
    if (!this.isRunning) throw new Error(`${this.name} ended by itself: see ${this.logFile}`);
  }

  /** Ends it at once, as a power cut would. */
  async kill(signal = 'SIGKILL') {
    if (!this.isRunning) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}

/**
 * Brings a job system up in a folder of its own. The Postgres is durable: fsync is on.
 * @param options.settings of the gateways, beside the usual ones
 * @param options.wrapGateway command of a gateway, and the system → command that runs it
 * @param options.needsNatsServer ends the process, and says so, where there is none
 */
export async function openJobSystem({ gateways = 1, agents = 0, adapters = 0, settings = {}, wrapGateway, needsNatsServer = false } = {}) {
  if (needsNatsServer && (await chooseBus({})).kind !== 'nats-server') {
    console.log('SKIPPED: nats-server is not installed here');
    process.exit(0);
  }
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'nightjar-faults-'));
  // Embedded Postgres runs as another user when we are root: it must reach its data.
  fs.chmodSync(scratch, 0o755);
  const system = { scratch, mediaDir: path.join(scratch, 'media'), gateways: [], agents: [], adapters: [], apiKey };
  const stops = [];
  system.close = async ({ keep }) => {
    for (const service of [...system.agents, ...system.adapters, ...system.gateways]) await service.kill();
    for (const stop of stops.reverse()) await stop();
    if (!keep) fs.rmSync(scratch, { recursive: true, force: true });
  };
  try {
    system.postgres = await openPostgres(scratch);
    stops.push(() => system.postgres.server.stop());
    system.bus = await openBus(scratch);
    stops.push(() => system.bus.server.stop());
    const common = { NATS_URL: system.bus.server.url, NIGHTJAR_DATA_DIR: scratch, NIGHTJAR_MEDIA_DIR: system.mediaDir };
    const add = async (kind, number, environment, wrap) => {
      const name = `${kind}-${number}`;
      const port = await findFreePort();
      const logFile = path.join(scratch, `${name}.log`);
      const ports = { [`${kind.toUpperCase()}_PORT`]: String(port) };
      return new Service({
        name,
        app: kind,
        url: `http://127.0.0.1:${port}`,
        logFile,
        environment: { ...common, ...ports, ...environment },
        wrap,
      });
    };
    for (let number = 0; number < gateways; number++)
      system.gateways.push(
        await add(
          'gateway',
          number,
          { ...gatewaySettings(system), ...settings },
          wrapGateway && ((command) => wrapGateway(command, system)),
        ),
      );
    for (let number = 0; number < adapters; number++)
      system.adapters.push(await add('adapter', number, { NIGHTJAR_ADAPTER_ID: `adapter-${number}`, NIGHTJAR_ENGINE_PROCESSES: '1' }));
    const ffmpeg = agents > 0 ? await findFfmpeg() : undefined;
    for (let number = 0; number < agents; number++)
      system.agents.push(await add('agent', number, { NIGHTJAR_AGENT_ID: `agent-${number}`, FFMPEG_PATH: ffmpeg.path }));
    await Promise.all([...system.gateways, ...system.adapters, ...system.agents].map((service) => service.start()));
    return system;
  } catch (error) {
    await system.close({ keep: true });
    throw error;
  }
}

/** One client asks for more than a usual one does: nothing here may be refused for its number. */
function gatewaySettings({ postgres }) {
  return {
    DATABASE_URL: postgres.server.url,
    BOOTSTRAP_API_KEY: apiKey,
    NIGHTJAR_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
    NIGHTJAR_WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8',
    NIGHTJAR_REQUESTS_PER_MINUTE: '1000000',
    NIGHTJAR_JOBS_OPEN_MAX: '1000000',
  };
}

async function openPostgres(scratch) {
  const start = (port) => startEmbeddedPostgres({ dataDir: path.join(scratch, 'postgres'), password, database: 'nightjar', port });
  const postgres = {
    server: await start(),
    /** SIGKILL to the postmaster; its backends notice and end by themselves. */
    kill: async () => {
      const { pid, exited } = postgres.server;
      process.kill(pid, 'SIGKILL');
      await exited;
    },
    restart: async () => {
      const { port } = postgres.server;
      // Refused while a backend of the killed one still holds the shared memory.
      postgres.server = await eventually('Postgres runs again', () => start(port), { withinMs: 60_000, everyMs: 100 });
    },
  };
  await migrate({ url: postgres.server.url });
  return postgres;
}

async function openBus(scratch) {
  const choice = await chooseBus({});
  const dataDir = path.join(scratch, 'bus');
  const start = (port) =>
    choice.kind === 'nats-server'
      ? startNatsServer({ program: choice.program, version: choice.version, dataDir, token, port })
      : startBrokerProcess({ dataDir, token, port });
  const bus = {
    kind: choice.kind,
    server: await start(),
    kill: async () => {
      const { pid, exited } = bus.server;
      process.kill(pid, 'SIGKILL');
      await exited;
    },
    /** All that it kept: streams, consumers, messages. */
    deleteStore: () => fs.rmSync(path.join(dataDir, 'jetstream'), { recursive: true, force: true }),
    restart: async () => {
      bus.server = await start(bus.server.port);
    },
  };
  return bus;
}

/** The processes of a server that has several: itself and all that it started. Linux only. */
export function processTree(pid) {
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);
  return [pid, ...children.flatMap(processTree)];
}

/** Stops processes for a while as a machine does that hangs: sockets stay open and nobody answers. */
export async function freeze(pids, forMs) {
  const send = (signal) => {
    for (const pid of pids) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        if (error.code !== 'ESRCH') throw error;
      }
    }
  };
  send('SIGSTOP');
  try {
    await sleep(forMs);
  } finally {
    send('SIGCONT');
  }
}
