import { AppError } from '@nightjar/runtime';
import pg from 'pg';
import { findFreePort } from '../find-free-port.js';
import { isProcessAlive, stopProcess } from '../stop-process.js';
import { prepareDataDirectory, superuser } from './data-directory.js';
import { locatePostgres } from './postgres-binaries.js';
import { connectionTo, findOrphan, spawnPostmaster, waitUntilReady, type Postmaster } from './postmaster.js';
import { findServiceAccount } from './service-account.js';

const portAttempts = 3;
const stopGraceMs = 10_000;

/** Where an embedded Postgres keeps its data and how it is reached. */
export interface EmbeddedPostgresOptions {
  /** Directory of the cluster; made on the first start. */
  readonly dataDir: string;
  /** Password of the superuser, set when the cluster is made. */
  readonly password: string;
  /** Database to have ready; made when it is missing. */
  readonly database: string;
  /** Port on loopback; a free one when absent. An orphan that is taken over keeps the port it has. */
  readonly port?: number;
  /** False turns fsync off: for tests only, a crash loses the cluster. Default true. */
  readonly durable?: boolean;
  /** Default 30 s: recovery after a crash is part of the start. */
  readonly startTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A running embedded Postgres. */
export interface EmbeddedPostgres {
  /** Superuser's URL of the database asked for. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Where the cluster really is: see prepareDataDirectory. */
  readonly dataDir: string;
  /** True when a server left behind by a killed launcher was taken over. */
  readonly takenOver: boolean;
  /** URL of another database or role on this server. */
  urlFor(target: { database?: string; user?: string; password?: string }): string;
  /** Resolves when the server process has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** Fast shutdown: roll back, checkpoint, exit; harder signals after `graceMs` (default 10 s). */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Starts the Postgres that came with `npm ci` on loopback, or takes over the one that a killed launcher left on the
 * same data directory. Works as root (see findServiceAccount) and as an ordinary user; never looks at, or listens
 * where, another Postgres of the machine does.
 * @throws an Error whose message says what to do
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { password, database, durable = true, startTimeoutMs = 30_000, signal } = options;
  const identity = await findServiceAccount();
  const binaries = await locatePostgres(identity);
  const dataDir = await prepareDataDirectory({ dataDir: options.dataDir, identity, binaries, password, durable });

  const orphan = await findOrphan(dataDir);
  const launch = async (): Promise<Postmaster> => {
    const port = options.port ?? (await findFreePort());
    return spawnPostmaster({ program: binaries.postgres, dataDir, port, identity, durable });
  };
  const server = await startReady(orphan, launch, { password, timeoutMs: startTimeoutMs, signal });
  try {
    await createDatabase(server.port, password, database);
  } catch (cause) {
    await stopServer(server, stopGraceMs);
    throw new AppError('unavailable', `the database "${database}" cannot be made`, { cause });
  }

  const urlFor: EmbeddedPostgres['urlFor'] = (target) => {
    const user = encodeURIComponent(target.user ?? superuser);
    return `postgresql://${user}:${encodeURIComponent(target.password ?? password)}@127.0.0.1:${server.port}/${target.database ?? database}`;
  };
  return {
    url: urlFor({}),
    port: server.port,
    pid: server.pid,
    dataDir,
    takenOver: server === orphan,
    urlFor,
    exited: untilExit(server),
    stop: (graceMs = stopGraceMs) => stopServer(server, graceMs),
  };
}

/** Readies the orphan, or a new server; a port lost to another process between probing and binding is tried again. */
async function startReady(
  orphan: Postmaster | undefined,
  launch: () => Promise<Postmaster>,
  ready: { password: string; timeoutMs: number; signal: AbortSignal | undefined },
): Promise<Postmaster> {
  for (let attempt = 1; ; attempt += 1) {
    const server = orphan ?? (await launch());
    try {
      await waitUntilReady(server, ready);
      return server;
    } catch (error) {
      if (server.child || ready.signal?.aborted) await stopServer(server, stopGraceMs);
      const lostPort = error instanceof AppError && error.code === 'conflict';
      if (orphan || !lostPort || attempt === portAttempts) throw error;
    }
  }
}

async function createDatabase(port: number, password: string, database: string): Promise<void> {
  const client = new pg.Client(connectionTo(port, password));
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
}

/** SIGINT is Postgres's fast shutdown, SIGQUIT gives up the checkpoint; after that the next start recovers from the log. */
async function stopServer(server: Postmaster, graceMs: number): Promise<void> {
  const gone = await stopProcess(server.pid, [
    { signal: 'SIGINT', waitMs: graceMs },
    { signal: 'SIGQUIT', waitMs: 3_000 },
    { signal: 'SIGKILL', waitMs: 2_000 },
  ]);
  if (!gone) throw new AppError('unavailable', `Postgres (process ${server.pid}) does not stop`);
}

function untilExit(server: Postmaster): Promise<void> {
  const { child } = server;
  if (!child) return pollExit(server.pid);
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** A process that is not our child sends no exit event. */
function pollExit(pid: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (isProcessAlive(pid)) return;
      clearInterval(timer);
      resolve();
    }, 500);
  });
}

/** Stops the server that a killed program left on `dataDir`, if there is one. */
export async function stopOrphanedPostgres(dataDir: string): Promise<void> {
  const orphan = await findOrphan(dataDir);
  if (orphan) await stopServer(orphan, stopGraceMs);
}
