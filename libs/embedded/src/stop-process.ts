import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AppError, hasErrorCode } from '@nightjar/runtime';

const run = promisify(execFile);
const pollMs = 40;

/** One escalation step: send `signal`, then give the process `waitMs` to go. */
interface StopStep {
  readonly signal: NodeJS.Signals;
  readonly waitMs: number;
}

/** Whether a process with this id runs. One that has exited but that nobody has waited for (a zombie) does not. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return hasErrorCode(error, 'EPERM');
  }
  return !isZombie(pid);
}

/** In a container whose first process never reaps, a killed orphan stays in the table for ever; only Linux tells. */
function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'Z';
  } catch {
    return true; // gone between the two looks
  }
}

/** The command line of a process as one string, or undefined when it is gone or the platform does not tell. */
export async function readCommandLine(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim() || undefined;
    if (process.platform === 'win32') return undefined;
    return (await run('ps', ['-p', String(pid), '-o', 'args='])).stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Waits until the process is gone; false when it still runs after `timeoutMs`. */
export async function waitUntilGone(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isProcessAlive(pid)) {
    if (performance.now() >= deadline) return false;
    await sleep(pollMs);
  }
  return true;
}

/**
 * Sends a signal; false when the process is gone already.
 * @throws AppError `permission_denied` when it is somebody else's
 */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (cause) {
    if (!isProcessAlive(pid)) return false;
    throw new AppError('permission_denied', `process ${pid} cannot be stopped: no right to signal it`, { cause });
  }
}

/** Sends the signals in order until the process is gone; false when it survived them all. */
export async function stopProcess(pid: number, steps: readonly StopStep[]): Promise<boolean> {
  for (const { signal, waitMs } of steps) {
    if (!isProcessAlive(pid) || !signalProcess(pid, signal)) return true;
    if (await waitUntilGone(pid, waitMs)) return true;
  }
  return !isProcessAlive(pid);
}
