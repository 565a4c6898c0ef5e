import { AppError, pause, type Clock } from '@nightjar/runtime';
import { decideRestart, noFailures, type FailureHistory } from './restart-policy.js';

/** A process that runs, whoever started it. */
export interface RunningPart {
  readonly pid: number;
  /** Resolves to how it ended, in a few words. */
  readonly exited: Promise<string>;
  /** Asks it to end and waits; ends it when it does not. */
  stop(): Promise<void>;
  /** Ends it at once, if it still runs. */
  kill(): void;
}

export type PartState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'restarting'; readonly reason: string; readonly delayMs: number }
  | { readonly kind: 'given up'; readonly reason: string }
  | { readonly kind: 'stopped' };

interface SupervisorOptions {
  readonly name: string;
  readonly clock: Clock;
  /** Starts the process and resolves when it runs. */
  readonly start: (signal: AbortSignal) => Promise<RunningPart>;
  /**
   * Resolves when the process does its work; the default is "as soon as it runs".
   * @throws the reason of the signal
   */
  readonly untilReady?: (signal: AbortSignal) => Promise<void>;
  readonly onState: (state: PartState) => void;
}

/**
 * Keeps one process running: starts it, waits until it is ready, starts it again when it ends by itself (see
 * restart-policy), gives up when that leads nowhere, stops it when told to.
 */
export class Supervisor {
  readonly name: string;
  private currentState: PartState = { kind: 'starting' };
  private running: RunningPart | undefined;
  private restartCount = 0;
  private loop: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  constructor(private readonly options: SupervisorOptions) {
    this.name = options.name;
  }

  get state(): PartState {
    return this.currentState;
  }

  /** How often it was started again. */
  get restarts(): number {
    return this.restartCount;
  }

  /**
   * Starts, and resolves when it is ready for the first time.
   * @throws when it cannot be started at all (a start that fails once will fail again), when it gave up, or was stopped before
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.loop = this.superviseUntilStopped(resolve).then(() => reject(new AppError('cancelled', `${this.name} was stopped`)), reject);
    });
  }

  /** Stops for good. */
  async stop(): Promise<void> {
    this.stopping.abort(new AppError('cancelled', `${this.name} was stopped`));
    await this.running?.stop();
    await this.loop;
    this.enter({ kind: 'stopped' });
  }

  /** Ends the process at once and starts no other. */
  kill(): void {
    this.stopping.abort(new AppError('cancelled', `${this.name} was stopped`));
    this.running?.kill();
  }

  private async superviseUntilStopped(onFirstReady: () => void): Promise<void> {
    const { signal } = this.stopping;
    let history: FailureHistory = noFailures;
    while (!signal.aborted) {
      const startedMs = this.options.clock.monotonicMs();
      const reason = await this.runOnce(onFirstReady, this.restartCount === 0);
      if (signal.aborted) return;
      const decision = decideRestart(history, this.options.clock.monotonicMs() - startedMs);
      if (decision.kind === 'give up') {
        this.enter({ kind: 'given up', reason });
        throw new AppError('unavailable', `${this.name} does not stay up: ${reason}`);
      }
      history = decision.history;
      this.restartCount += 1;
      this.enter({ kind: 'restarting', reason, delayMs: decision.delayMs });
      await pause(decision.delayMs, signal); // stopped while it waited
    }
  }

  /** One life of the process, from its start to its end; resolves to why it ended. */
  private async runOnce(onFirstReady: () => void, isFirst: boolean): Promise<string> {
    this.enter({ kind: 'starting' });
    const life = new AbortController();
    const signal = AbortSignal.any([life.signal, this.stopping.signal]);
    try {
      const running = await this.options.start(this.stopping.signal);
      this.running = running;
      if (this.stopping.signal.aborted) await running.stop();
      const ready = this.announceReady(signal, onFirstReady);
      const reason = await running.exited;
      life.abort(new AppError('cancelled', `${this.name} ended`));
      await ready;
      return reason;
    } catch (error) {
      if (isFirst && !this.running) throw error;
      return error instanceof Error ? error.message : String(error);
    } finally {
      this.running = undefined;
    }
  }

  private async announceReady(signal: AbortSignal, onFirstReady: () => void): Promise<void> {
    try {
      await this.options.untilReady?.(signal);
    } catch (error) {
      if (signal.aborted) return; // it ended, or was stopped, before it was ready
      throw error;
    }
    this.enter({ kind: 'ready' });
    onFirstReady();
  }

  private enter(state: PartState): void {
    this.currentState = state;
    this.options.onState(state);
  }
}
