import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError } from '@nightjar/runtime';
import { findFreePort } from '../find-free-port.js';
import { stopProcess } from '../stop-process.js';
import type { BusServer, BusServerOptions } from './bus-server.js';

const startTimeoutMs = 10_000;
const portAttempts = 3;

/** Resolved from both src/ and dist/: a child process needs the compiled file. */
const entryFile = fileURLToPath(new URL('../../dist/broker/broker.main.js', import.meta.url));

/** What the parent tells the child, over IPC: a command line would show the token to everybody on the machine. */
export interface BrokerStart {
  readonly token: string;
  readonly port: number;
}

/** What the child says: that it can be told now, then how it went. A message sent before it has a listener would be lost. */
export type BrokerReport = { readonly kind: 'waiting' } | BrokerOutcome;
type BrokerOutcome = { readonly kind: 'listening'; readonly port: number } | { readonly kind: 'failed'; readonly reason: string };

/**
 * Runs the embedded broker in a process of its own, which ends when ours does.
 * @throws AppError `unavailable` when it does not start
 */
export async function startBrokerProcess({ token, port, signal }: Pick<BusServerOptions, 'token' | 'port' | 'signal'>): Promise<BusServer> {
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    const child = fork(entryFile, [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      detached: process.platform !== 'win32',
      execArgv: [],
    });
    const report = await askToListen(child, { token, port: port ?? (await findFreePort()) });
    if (report.kind === 'listening' && child.pid !== undefined) return describe(child, child.pid, token, report.port);
    child.kill('SIGKILL');
    if (port !== undefined || attempt === portAttempts) {
      throw new AppError('unavailable', `the embedded broker did not start: ${report.kind === 'failed' ? report.reason : 'no process id'}`);
    }
  }
}

function askToListen(child: ChildProcess, start: BrokerStart): Promise<BrokerOutcome> {
  return new Promise((resolve) => {
    const finish = (outcome: BrokerOutcome): void => {
      clearTimeout(timer);
      child.off('message', onReport);
      resolve(outcome);
    };
    const fail = (reason: string) => (): void => finish({ kind: 'failed', reason });
    const onReport = (message: unknown): void => {
      const report = message as BrokerReport;
      if (report.kind === 'waiting') child.send(start);
      else finish(report);
    };
    const timer = setTimeout(fail(`no answer within ${startTimeoutMs / 1000} s`), startTimeoutMs);
    child.once('error', fail('its process cannot be started'));
    child.once('exit', fail('its process ended while it started'));
    child.on('message', onReport);
  });
}

function describe(child: ChildProcess, pid: number, token: string, port: number): BusServer {
  const exited = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  const stop = async (): Promise<void> => {
    const gone = await stopProcess(pid, [
      { signal: 'SIGTERM', waitMs: 3_000 },
      { signal: 'SIGKILL', waitMs: 2_000 },
    ]);
    if (!gone) throw new AppError('unavailable', `the embedded broker (process ${pid}) does not stop`);
  };
  return { kind: 'embedded broker', version: process.version, url: `nats://${token}@127.0.0.1:${port}`, port, pid, exited, stop };
}
