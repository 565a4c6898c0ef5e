import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '@nightjar/runtime';
import { busPayloadBytesMax } from '../broker/embedded-broker.js';
import { findFreePort } from '../find-free-port.js';
import { isProcessAlive, readCommandLine, stopProcess } from '../stop-process.js';
import { waitForGreeting, type BusServer, type BusServerOptions } from './bus-server.js';

const portAttempts = 3;
const startTimeoutMs = 10_000;
const memoryStoreBytesMax = 512 * 1024 * 1024;
const fileStoreBytesMax = 1024 * 1024 * 1024;
const logBytesMax = 10 * 1024 * 1024;

interface NatsServerOptions extends BusServerOptions {
  readonly program: string;
  readonly version: string;
}

/**
 * Starts nats-server with JetStream on loopback, configured by a file that only we can read: its token never stands in a
 * command line. A server that a killed launcher left behind on the same directory is stopped first.
 * @throws AppError `unavailable` with what it said when it does not start
 */
export async function startNatsServer(options: NatsServerOptions): Promise<BusServer> {
  const { dataDir, program, version, token } = options;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const { configFile, pidFile, logFile } = filesIn(dataDir);
  await stopOrphanedNatsServer(dataDir);

  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await findFreePort());
    await rm(logFile, { force: true }); // what it says at its end is about this start
    await writeFile(configFile, renderConfig({ port, token, dataDir, pidFile, logFile }), { mode: 0o600 });
    const child = spawn(program, ['-c', configFile], { cwd: dataDir, stdio: 'ignore', detached: process.platform !== 'win32' });
    try {
      const pid = await waitForSpawn(child);
      await waitForGreeting(port, {
        timeoutMs: startTimeoutMs,
        hasExited: () => child.exitCode !== null || child.signalCode !== null,
        signal: options.signal,
      });
      const exited = new Promise<void>((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) resolve();
        else child.once('exit', () => resolve());
      });
      return { kind: 'nats-server', version, url: `nats://${token}@127.0.0.1:${port}`, port, pid, exited, stop: () => stopServer(pid) };
    } catch (cause) {
      if (child.pid !== undefined) await stopServer(child.pid);
      options.signal?.throwIfAborted();
      const words = await lastWords(logFile);
      const lostPort = words.includes('address already in use') && options.port === undefined;
      if (!lostPort || attempt === portAttempts) throw new AppError('unavailable', `nats-server did not start: ${words}`, { cause });
    }
  }
}

interface ConfigFields {
  readonly port: number;
  readonly token: string;
  readonly dataDir: string;
  readonly pidFile: string;
  readonly logFile: string;
}

/** The server's configuration file. Paths and the token are JSON strings, which its syntax takes as they are. */
function renderConfig({ port, token, dataDir, pidFile, logFile }: ConfigFields): string {
  return [
    `listen: "127.0.0.1:${port}"`,
    'server_name: "nightjar"',
    `authorization { token: ${JSON.stringify(token)} }`,
    `max_payload: ${busPayloadBytesMax}`,
    `pid_file: ${JSON.stringify(pidFile)}`,
    `log_file: ${JSON.stringify(logFile)}`,
    `logfile_size_limit: ${logBytesMax}`,
    `jetstream { store_dir: ${JSON.stringify(path.join(dataDir, 'jetstream'))}, max_memory_store: ${memoryStoreBytesMax}, max_file_store: ${fileStoreBytesMax} }`,
    '',
  ].join('\n');
}

function waitForSpawn(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      if (child.pid === undefined) reject(new AppError('unavailable', 'it was started without a process id'));
      else resolve(child.pid);
    });
  });
}

function filesIn(dataDir: string): { configFile: string; pidFile: string; logFile: string } {
  return {
    configFile: path.join(dataDir, 'nats-server.conf'),
    pidFile: path.join(dataDir, 'nats-server.pid'),
    logFile: path.join(dataDir, 'nats-server.log'),
  };
}

/**
 * Stops the server that a killed program left on `dataDir`, if there is one. Unlike Postgres it is not taken over: its
 * clients ended with the program, so nothing is lost with it.
 */
export async function stopOrphanedNatsServer(dataDir: string): Promise<void> {
  const { pidFile, configFile } = filesIn(dataDir);
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 0 || !isProcessAlive(pid)) return;
  const commandLine = await readCommandLine(pid);
  if (commandLine?.includes(configFile)) await stopServer(pid);
}

async function stopServer(pid: number): Promise<void> {
  const gone = await stopProcess(pid, [
    { signal: 'SIGTERM', waitMs: 5_000 },
    { signal: 'SIGKILL', waitMs: 2_000 },
  ]);
  if (!gone) throw new AppError('unavailable', `nats-server (process ${pid}) does not stop`);
}

async function lastWords(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-3).join(' | ') || 'it said nothing';
}
