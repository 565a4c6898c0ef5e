import { setMaxListeners } from 'node:events';

/** Where time comes from. Durations are measured with `monotonicMs`; the wall clock may jump. */
export interface Clock {
  /** Unix time in ms. */
  wallMs(): number;
  /** Ms since some fixed moment of this process; never goes back. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** A clock that moves only when told to; one of the three doubles that tests may use. */
export class FakeClock implements Clock {
  constructor(
    private wall = 1_700_000_000_000,
    private monotonic = 0,
  ) {}

  wallMs(): number {
    return this.wall;
  }

  monotonicMs(): number {
    return this.monotonic;
  }

  advance(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }
}

/** Waits, and rejects with the signal's reason as soon as it aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Waits as `sleep` does, and ends early without a word when the signal aborts: for loops that look at the signal themselves. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, signal).catch(() => undefined);
}

/**
 * A signal that aborts after `ms` (`TimeoutError`) or with any of the given ones, whichever comes first. Has a timer of its own:
 * what `AbortSignal.any` makes of an `AbortSignal.timeout` never aborts once garbage was collected (seen with Node 20).
 */
export function deadlineSignal(ms: number, ...signals: (AbortSignal | undefined)[]): AbortSignal {
  const controller = new AbortController();
  const given = signals.filter((signal) => signal !== undefined);
  const end = (reason: unknown) => {
    clearTimeout(timer);
    for (const signal of given) signal.removeEventListener('abort', endWithSignal);
    controller.abort(reason);
  };
  const endWithSignal = (event: Event) => end((event.target as AbortSignal).reason);
  const timer = setTimeout(() => end(new DOMException('the deadline has passed', 'TimeoutError')), Math.max(0, Math.ceil(ms)));
  // A wait that nobody else is interested in keeps no process alive.
  timer.unref();
  const aborted = given.find((signal) => signal.aborted);
  if (aborted) end(aborted.reason);
  else
    for (const signal of given) {
      // Every call that is on its way under the same signal listens to it.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', endWithSignal, { once: true });
    }
  return controller.signal;
}

/** Whether a signal was ended by a deadline, and not by somebody who wants no more. */
export function hasTimedOut({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof Error && reason.name === 'TimeoutError';
}
