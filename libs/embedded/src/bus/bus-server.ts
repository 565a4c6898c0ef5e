import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@nightjar/runtime';

/** A message bus of our own, running on loopback. */
export interface BusServer {
  readonly kind: 'nats-server' | 'embedded broker';
  readonly version: string;
  /** `nats://token@127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when its process has ended, for whatever reason. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

export interface BusServerOptions {
  /** Directory for configuration, log and JetStream's files. */
  readonly dataDir: string;
  /** What clients must show; letters and digits. */
  readonly token: string;
  /** Port on loopback; a free one when absent. */
  readonly port?: number;
  readonly signal?: AbortSignal;
}

const pollMs = 30;

/**
 * Waits until a NATS server greets on the port.
 * @throws AppError `unavailable` after `timeoutMs`, or as soon as `hasExited` says so
 */
export async function waitForGreeting(
  port: number,
  options: { timeoutMs: number; hasExited: () => boolean; signal?: AbortSignal | undefined },
): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  while (!(await isGreeted(port))) {
    options.signal?.throwIfAborted();
    if (options.hasExited()) throw new AppError('unavailable', 'it ended while it started');
    if (performance.now() > deadline) throw new AppError('unavailable', `it was not ready within ${options.timeoutMs / 1000} s`);
    await sleep(pollMs, undefined, { signal: options.signal });
  }
}

function isGreeted(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', timeout: 1_000 });
    const finish = (greeted: boolean) => (): void => {
      socket.destroy();
      resolve(greeted);
    };
    socket.once('data', (bytes: Buffer) => finish(bytes.toString('latin1', 0, 5) === 'INFO ')());
    socket.once('error', finish(false));
    socket.once('timeout', finish(false));
    socket.once('close', finish(false));
  });
}
