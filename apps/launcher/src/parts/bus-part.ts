import { connect } from 'node:net';
import path from 'node:path';
import { chooseBus, signalProcess, startBrokerProcess, startNatsServer, type BusChoice, type BusServer } from '@nightjar/embedded';
import { AppError, type Clock } from '@nightjar/runtime';
import type { LauncherConfig } from '../config.js';
import { Supervisor, type PartState, type RunningPart } from '../supervision/supervisor.js';
import type { Terminal } from '../terminal/terminal.js';

const reachTimeoutMs = 5_000;
const natsDefaultPort = 4222;

/** The bus as services reach it. */
export interface BusLinks {
  readonly natsUrl: string;
  /** Cells of the launcher's table. */
  readonly address: string;
  readonly description: string;
}

interface BusOptions {
  readonly config: Pick<LauncherConfig, 'busPort' | 'dataDir' | 'natsUrl' | 'natsServerPath' | 'embeddedBrokerOnly'>;
  readonly token: string;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Takes charge of the server, as soon as there is one. */
  readonly supervise: (supervisor: Supervisor) => void;
  readonly onState: (state: PartState) => void;
}

/** Brings the bus up: a given server, nats-server where it is found, else the embedded broker. */
export async function bringUpBus(options: BusOptions): Promise<BusLinks> {
  const { config, terminal } = options;
  const choice = await chooseBus({
    natsUrl: config.natsUrl,
    natsServerPath: config.natsServerPath,
    embeddedOnly: config.embeddedBrokerOnly,
  });
  terminal.progress('bus', describeChoice(choice));
  if (choice.kind === 'given') {
    await assertReachable(choice.url);
    return {
      natsUrl: choice.url,
      address: placesOf(choice.url)
        .map(({ host, port }) => `${host}:${port}`)
        .join(', '),
      description: 'given by NATS_URL',
    };
  }
  const { natsUrl, port } = await startOwn(choice, options);
  return { natsUrl, address: `127.0.0.1:${port}`, description: describeChoice(choice) };
}

function describeChoice(choice: BusChoice): string {
  switch (choice.kind) {
    case 'given':
      return 'given by NATS_URL';
    case 'nats-server':
      return `nats-server ${choice.version}`;
    case 'embedded broker':
      return `embedded broker (${choice.reason})`;
  }
}

async function startOwn(choice: Exclude<BusChoice, { kind: 'given' }>, options: BusOptions): Promise<{ natsUrl: string; port: number }> {
  const { config, token, clock, supervise, onState } = options;
  let started: { natsUrl: string; port: number } | undefined;
  const launch = (signal: AbortSignal): Promise<BusServer> => {
    // Services were told the port of the first start.
    const port = started?.port ?? (config.busPort || undefined);
    const where = { dataDir: path.join(config.dataDir, 'nats'), token, signal, ...(port === undefined ? {} : { port }) };
    return choice.kind === 'nats-server'
      ? startNatsServer({ ...where, program: choice.program, version: choice.version })
      : startBrokerProcess(where);
  };
  const start = async (signal: AbortSignal): Promise<RunningPart> => {
    const server = await launch(signal);
    started = { natsUrl: server.url, port: server.port };
    return {
      pid: server.pid,
      exited: server.exited.then(() => 'ended'),
      stop: () => server.stop(),
      kill: () => signalProcess(server.pid, 'SIGKILL'),
    };
  };
  const supervisor = new Supervisor({ name: 'bus', clock, start, onState });
  supervise(supervisor);
  await supervisor.start();
  if (!started) throw new AppError('internal', 'the bus is ready without an address');
  return started;
}

/** Only whether something listens: a wrong token shows when the services connect. */
async function assertReachable(natsUrl: string): Promise<void> {
  for (const { host, port } of placesOf(natsUrl)) {
    if (await isListening(host, port)) return;
  }
  throw new AppError(
    'unavailable',
    `nothing answers at ${placesOf(natsUrl)
      .map(({ host, port }) => `${host}:${port}`)
      .join(', ')}: check NATS_URL`,
  );
}

/** Servers of a NATS_URL, which may name several. */
function placesOf(natsUrl: string): { host: string; port: number }[] {
  return natsUrl.split(',').map((one) => {
    const text = one.includes('://') ? one.trim() : `nats://${one.trim()}`;
    if (!URL.canParse(text)) throw new AppError('invalid_argument', 'NATS_URL is no address like nats://token@host:4222');
    const { hostname, port } = new URL(text);
    return { host: hostname, port: Number(port || natsDefaultPort) };
  });
}

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: reachTimeoutMs });
    const finish = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', finish(true));
    socket.once('error', finish(false));
    socket.once('timeout', finish(false));
  });
}
