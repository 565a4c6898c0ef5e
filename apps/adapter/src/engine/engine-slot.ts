import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { AppError, type Clock, type Logger } from '@nightjar/runtime';
import type { EngineCommand, EngineReport, EngineResult, EngineSettings, EngineWork, ModelStatus } from './protocol.js';
import { RestartBackoff } from './restart-backoff.js';

/** `down` waits for its restart; `stopped` is final. */
export type SlotState = 'down' | 'starting' | 'idle' | 'busy' | 'stopped';

const legalMoves: Readonly<Record<SlotState, readonly SlotState[]>> = {
  down: ['starting', 'stopped'],
  starting: ['idle', 'down', 'stopped'],
  idle: ['busy', 'down', 'stopped'],
  busy: ['idle', 'down', 'stopped'],
  stopped: [],
};

export interface EngineSlotOptions {
  /** Module that the engine process runs. */
  readonly entry: URL;
  readonly settings: EngineSettings;
  /** A request that takes longer is taken for a hang: a native call can't be interrupted, so its process is killed. */
  readonly hangMs: number;
  /** The same for the start, which may convert models. */
  readonly startTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called after every change of state. */
  readonly onChange: () => void;
}

/** The process died (crashed, hung, was killed) while it worked on the request. */
export class EngineProcessDied extends Error {
  override readonly name = 'EngineProcessDied';
}

interface RunningRequest {
  readonly requestId: number;
  readonly resolve: (result: EngineResult) => void;
  readonly reject: (error: Error) => void;
  readonly watchdog: NodeJS.Timeout;
}

/** One engine process and its successors: starts it, gives it one request at a time, replaces it when it dies. */
export class EngineSlot {
  private current: SlotState = 'down';
  private child: ChildProcess | undefined;
  private running: RunningRequest | undefined;
  private lastModels: readonly ModelStatus[] = [];
  private failure: AppError | undefined;
  private readonly backoff = new RestartBackoff();
  private startedAtMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private nextRequestId = 1;
  private deathCount = 0;

  constructor(private readonly options: EngineSlotOptions) {}

  get state(): SlotState {
    return this.current;
  }

  get models(): readonly ModelStatus[] {
    return this.lastModels;
  }

  /** How often its process ended without being asked to. */
  get deaths(): number {
    return this.deathCount;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Why the process could not start, as it said itself. */
  get startFailure(): AppError | undefined {
    return this.failure;
  }

  start(): void {
    const { entry, settings, startTimeoutMs, clock, logger } = this.options;
    this.move('starting');
    this.startedAtMs = clock.monotonicMs();
    const child = fork(entry, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] });
    this.child = child;
    child.on('message', (report: EngineReport) => this.receive(report));
    child.once('error', (error) => {
      logger.error('an engine process cannot be reached', { error });
      child.kill('SIGKILL');
      // Without a pid it never ran, and there will be no exit.
      if (child.pid === undefined) this.handleExit(child, { code: null, signal: null });
    });
    child.once('exit', (code, signal) => this.handleExit(child, { code, signal }));
    this.timer = setTimeout(() => this.kill('an engine process did not start in time'), startTimeoutMs);
    this.send({ type: 'configure', settings });
  }

  /**
   * Runs one request; the slot must be idle. Can't be cancelled once it runs.
   * @throws AppError as the engine process reports it; EngineProcessDied when the process ends first
   */
  run(work: EngineWork): Promise<EngineResult> {
    this.move('busy');
    const requestId = this.nextRequestId++;
    return new Promise((resolve, reject) => {
      const watchdog = setTimeout(() => this.kill('an engine process hangs'), this.options.hangMs);
      this.running = { requestId, resolve, reject, watchdog };
      this.send({ type: 'run', requestId, work });
    });
  }

  /** Ends the process: asks first, kills when the deadline passes. A request that runs is lost. */
  async stop(deadline: AbortSignal): Promise<void> {
    if (this.current === 'stopped') return;
    const child = this.child;
    this.move('stopped');
    clearTimeout(this.timer);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    this.send({ type: 'stop' });
    const kill = () => child.kill('SIGKILL');
    if (deadline.aborted) kill();
    deadline.addEventListener('abort', kill, { once: true });
    await exited;
    deadline.removeEventListener('abort', kill);
  }

  private receive(report: EngineReport): void {
    switch (report.type) {
      case 'ready':
        clearTimeout(this.timer);
        this.failure = undefined;
        this.lastModels = report.models;
        if (this.current === 'starting') this.move('idle');
        return;
      case 'models':
        this.lastModels = report.models;
        return;
      case 'start_failed':
        this.failure = new AppError(report.code, report.message);
        return;
      case 'result':
        return this.settle(report.requestId, (request) => request.resolve(report.result));
      case 'failure':
        return this.settle(report.requestId, (request) => request.reject(new AppError(report.code, report.message)));
    }
  }

  private settle(requestId: number, settle: (request: RunningRequest) => void): void {
    const request = this.running;
    if (request?.requestId !== requestId) return;
    clearTimeout(request.watchdog);
    this.running = undefined;
    settle(request);
    if (this.current === 'busy') this.move('idle');
  }

  private handleExit(child: ChildProcess, exit: { code: number | null; signal: NodeJS.Signals | null }): void {
    if (this.child !== child) return;
    this.child = undefined;
    clearTimeout(this.timer);
    const request = this.running;
    this.running = undefined;
    if (request) clearTimeout(request.watchdog);
    if (this.current !== 'stopped') this.scheduleRestart(exit);
    request?.reject(new EngineProcessDied('the engine process died'));
  }

  private scheduleRestart(exit: { code: number | null; signal: NodeJS.Signals | null }): void {
    const { clock, logger } = this.options;
    this.deathCount++;
    const delayMs = this.backoff.nextDelayMs(clock.monotonicMs() - this.startedAtMs);
    logger.error('an engine process died', { ...exit, restartInMs: delayMs });
    this.timer = setTimeout(() => this.start(), delayMs);
    this.move('down');
  }

  private kill(reason: string): void {
    this.options.logger.error(reason, { pid: this.child?.pid });
    this.child?.kill('SIGKILL');
  }

  private send(command: EngineCommand): void {
    // A channel that is closed already is no news: the exit that follows settles everything.
    this.child?.send(command, () => undefined);
  }

  private move(next: SlotState): void {
    if (!legalMoves[this.current].includes(next)) throw new Error(`an engine slot cannot go from ${this.current} to ${next}`);
    this.current = next;
    this.options.onChange();
  }
}
