import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, hasErrorCode } from '@nightjar/runtime';
import pg from 'pg';
import { isProcessAlive, readCommandLine } from '../stop-process.js';
import { postgresEnv, superuser } from './data-directory.js';
import type { ProcessIdentity } from './service-account.js';

const readyPollMs = 50;
/** SQLSTATE invalid_password */
const invalidPassword = '28P01';

/** A running server process on a data directory. `child` is absent when the process outlived the program that started it. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly child?: ChildProcess;
  /** File with what the server said while starting. */
  readonly logFile?: string;
}

/**
 * The server that a killed launcher left running on `dataDir`, if any. A pid file whose process is something else by
 * now (the machine restarted, the number was given away) is removed, since Postgres would refuse to start over it.
 */
export async function findOrphan(dataDir: string): Promise<Postmaster | undefined> {
  const pidFile = path.join(dataDir, 'postmaster.pid');
  let lines: string[];
  try {
    lines = (await readFile(pidFile, 'utf8')).split('\n');
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const commandLine = isProcessAlive(pid) ? await readCommandLine(pid) : '';
  const isOurs = commandLine === undefined || commandLine.includes(dataDir);
  if (isProcessAlive(pid) && isOurs && port > 0) return { pid, port };
  if (!isOurs) await rm(pidFile, { force: true });
  return undefined;
}

interface SpawnOptions {
  readonly program: string;
  readonly dataDir: string;
  readonly port: number;
  readonly identity: ProcessIdentity;
  readonly durable: boolean;
}

/**
 * Starts the server in a process group of its own: a terminal's Ctrl-C must not stop it before its clients.
 * It logs to a file, not to a pipe of ours, because it may outlive us.
 */
export function spawnPostmaster({ program, dataDir, port, identity, durable }: SpawnOptions): Promise<Postmaster> {
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'logging_collector=on',
    'log_directory=log',
    'log_filename=postgres-%a.log', // a week of logs, each day's file starts empty
    'log_truncate_on_rotation=on',
    'log_rotation_size=0',
    // Tests: nothing has to outlive the run, and every spec file has pools of its own.
    ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300']),
  ];
  const logFile = `${dataDir}.start.log`;
  const log = openSync(logFile, 'w', 0o600);
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['-D', dataDir, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])], {
      ...identity,
      cwd: '/',
      env: postgresEnv,
      detached: process.platform !== 'win32',
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.once('error', (cause) => reject(new AppError('unavailable', 'Postgres cannot be run', { cause })));
    child.once('spawn', () => {
      const { pid } = child;
      if (pid === undefined) reject(new AppError('unavailable', 'Postgres was started without a process id'));
      else resolve({ pid, port, child, logFile });
    });
  });
}

interface ReadyOptions {
  readonly password: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until the server answers a query.
 * @throws AppError with the server's own words when it exits, refuses us, or takes too long
 */
export async function waitUntilReady(server: Postmaster, { password, timeoutMs, signal }: ReadyOptions): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const client = new pg.Client({ ...connectionTo(server.port, password), connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined); // a refused start-up closes the socket again after connect() has already thrown
    try {
      await client.connect();
      await client.query('select 1');
      return;
    } catch (cause) {
      if (hasErrorCode(cause, invalidPassword)) {
        throw new AppError(
          'unavailable',
          'the embedded database refuses the password kept beside it: restore the credentials file of this data directory',
          { cause },
        );
      }
      if (!isProcessAlive(server.pid)) throw await startFailure(server, cause);
      if (performance.now() > deadline)
        throw new AppError('unavailable', `Postgres was not ready within ${timeoutMs / 1000} s: ${await lastWords(server)}`, { cause });
    } finally {
      await client.end().catch(() => undefined); // it may never have connected
    }
    await sleep(readyPollMs, undefined, { signal });
  }
}

/** Connection settings of the superuser on a server at `port`. */
export function connectionTo(
  port: number,
  password: string,
): { host: string; port: number; user: string; password: string; database: string } {
  return { host: '127.0.0.1', port, user: superuser, password, database: 'postgres' };
}

/** `conflict` when another process took the port first. */
async function startFailure(server: Postmaster, cause: unknown): Promise<AppError> {
  const words = await lastWords(server);
  return new AppError(words.includes('could not bind') ? 'conflict' : 'unavailable', `Postgres did not start: ${words}`, { cause });
}

async function lastWords({ logFile }: Postmaster): Promise<string> {
  if (logFile === undefined) return 'it was taken over from an earlier start';
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-6).join(' | ') || 'it said nothing';
}
