import { spawn, type ChildProcess } from 'node:child_process';
import { stopProcess } from '@nightjar/embedded';
import { AppError } from '@nightjar/runtime';
import type { LogFile } from './log-file.js';
import type { RunningPart } from './supervisor.js';

/** Services end by themselves within 10 s of SIGTERM; whoever has not by then is stuck. */
const stopGraceMs = 12_000;
const lastWordsChars = 2_000;

interface ServiceProcessOptions {
  readonly name: string;
  /** Compiled file that Node runs. */
  readonly entry: string;
  readonly args?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly log: LogFile;
}

/**
 * Starts a service in a process group of its own: a terminal's Ctrl-C is for the launcher, which stops services in order,
 * and what a killed service leaves behind (FFmpeg, engine processes) can be ended with its group. The IPC channel carries
 * nothing; its end tells the service that the launcher is gone, however it went.
 */
export function startServiceProcess({ name, entry, args = [], environment, log }: ServiceProcessOptions): Promise<RunningPart> {
  const child = spawn(process.execPath, [entry, ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: process.platform !== 'win32',
  });
  let lastWords = '';
  child.stdout?.on('data', (chunk: Buffer) => log.write(chunk));
  child.stderr?.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString('utf8')).slice(-lastWordsChars);
    log.write(chunk);
  });
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      killGroup(child);
      resolve(describeEnd(code, signal, lastWords));
    });
  });
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new AppError('unavailable', `${name} cannot be started`, { cause })));
    child.once('spawn', () => {
      const { pid } = child;
      if (pid === undefined) return reject(new AppError('unavailable', `${name} was started without a process id`));
      return resolve({ pid, exited, stop: () => stopService(name, pid), kill: () => killGroup(child) });
    });
  });
}

async function stopService(name: string, pid: number): Promise<void> {
  const gone = await stopProcess(pid, [
    { signal: 'SIGTERM', waitMs: stopGraceMs },
    { signal: 'SIGKILL', waitMs: 2_000 },
  ]);
  if (!gone) throw new AppError('unavailable', `${name} (process ${pid}) does not stop`);
}

/** Ends whoever is left of the service's group; nobody, as a rule. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || process.platform === 'win32') return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // ESRCH: nobody is left
  }
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null, lastWords: string): string {
  const how = signal === null ? `ended with exit code ${code ?? 0}` : `was ended by ${signal}`;
  const lines = lastWords.trim().split('\n');
  const spoken = lines.find((line) => line.startsWith('nightjar ')) ?? lines.at(-1);
  return spoken ? `${how}: ${spoken.trim()}` : how;
}
