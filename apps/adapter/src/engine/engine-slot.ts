import { AppError, type Clock, type Logger } from '@nightjar/runtime';
import { EngineChild, type EngineExit } from './engine-child.js';
import { describeHang } from './hang-watch.js';
import { InFlightRequests } from './in-flight-requests.js';
import type { EngineCatalogue, EngineMemory, EngineReport, EngineResult, EngineSettings, EngineWork } from './protocol.js';
import { RestartBackoff } from './restart-backoff.js';

/** `down` waits for its restart; `stopped` is final. What a ready process works on is in the slot's map of requests. */
export type SlotState = 'down' | 'starting' | 'ready' | 'stopped';

const legalMoves: Readonly<Record<SlotState, readonly SlotState[]>> = {
  down: ['starting', 'stopped'],
  starting: ['ready', 'down', 'stopped'],
  ready: ['down', 'stopped'],
  stopped: [],
};

interface EngineSlotOptions {
  /** Module that the engine process runs. */
  readonly entry: URL;
  /** Asked for at each start. */
  readonly settings: () => EngineSettings;
  /** How long a process may tell nothing, or overstay a request's deadline, before it is taken for hung and killed. */
  readonly hangMs: number;
  /** The same for its start, and for loading a model, which may convert it first. */
  readonly startTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called after every change of state and whenever a request has ended. */
  readonly onChange: () => void;
  /** Called when the process says that it is ready, before anybody else hears of it. */
  readonly onReady: () => void;
  /** Called when the process has told what it has, or what memory it takes. */
  readonly onNews: () => void;
  /** Called when it ended without being asked to, before its requests hear of it. */
  readonly onDeath: (death: EngineProcessDied) => void;
}

export interface LastExit extends EngineExit {
  readonly atUnixMs: number;
}

/** The process ended by itself, or was killed. */
export class EngineProcessDied extends Error {
  override readonly name = 'EngineProcessDied';

  constructor(
    readonly exit: EngineExit,
    readonly circumstances: {
      /** How many requests it worked on. */
      readonly runs: number;
      /** The model it was loading, `name@version`. */
      readonly loading: string | undefined;
    },
  ) {
    super(`the engine process ended: ${exit.reason}`);
  }
}

/** A command that is answered with `done` or `failure`. */
export type ModelCommand = { readonly type: 'load' | 'unload'; readonly model: string } | { readonly type: 'rescan' };

/** A request on its way. */
interface EngineRun {
  /** @throws AppError as the process reports it, EngineProcessDied */
  readonly result: Promise<EngineResult>;
  /** Nobody waits for it any more; the process ends it when it can. */
  cancel(): void;
}

/** How often a slot looks whether its process hangs. */
const looksPerHangTime = 8;
const longestLookMs = 500;

/** One engine process and its successors: starts it, hands it requests, replaces it when it dies or hangs. */
export class EngineSlot {
  private current: SlotState = 'down';
  private sinceUnixMs: number;
  private child: EngineChild | undefined;
  private readonly inFlight = new InFlightRequests();
  private lastCatalogue: EngineCatalogue = { models: [], userTasks: [], missingProviders: [] };
  private lastMemory: EngineMemory | undefined;
  private loading: { readonly model: string; readonly sinceMs: number } | undefined;
  private failure: AppError | undefined;
  private exits: number;
  private lastExitSeen: LastExit | undefined;
  private readonly backoff = new RestartBackoff();
  private startedAtMs = 0;
  private heardMs = 0;
  private lookedMs = 0;
  private restartTimer: NodeJS.Timeout | undefined;
  private watch: NodeJS.Timeout | undefined;

  /** @param predecessor whose place it takes, and whose history it carries on */
  constructor(
    private readonly options: EngineSlotOptions,
    predecessor?: EngineSlot,
  ) {
    this.sinceUnixMs = options.clock.wallMs();
    this.exits = predecessor?.deaths ?? 0;
    this.lastExitSeen = predecessor?.lastExit;
  }

  get state(): SlotState {
    return this.current;
  }

  get stateSinceUnixMs(): number {
    return this.sinceUnixMs;
  }

  /** Requests it works on; commands don't count. */
  get runs(): number {
    return this.inFlight.runs;
  }

  /** Whether everything it was asked is answered, commands included. */
  get isIdle(): boolean {
    return this.inFlight.isEmpty;
  }

  /** Whether it loads a model, which blocks it. */
  get isLoading(): boolean {
    return this.loading !== undefined;
  }

  /** What its process has, as it last said. */
  get catalogue(): EngineCatalogue {
    return this.lastCatalogue;
  }

  /** Of the process that runs now. */
  get memory(): EngineMemory | undefined {
    return this.lastMemory;
  }

  /** How often its process ended without being asked to. */
  get deaths(): number {
    return this.exits;
  }

  get lastExit(): LastExit | undefined {
    return this.lastExitSeen;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Why the process could not start, as it said itself. */
  get startFailure(): AppError | undefined {
    return this.failure;
  }

  start(): void {
    const { entry, settings, clock, logger, hangMs } = this.options;
    this.startedAtMs = this.heardMs = this.lookedMs = clock.monotonicMs();
    this.move('starting');
    const child = new EngineChild({
      entry,
      logger,
      onReport: (report) => {
        if (this.child === child) this.receive(report);
      },
      onExit: (exit) => {
        if (this.child === child) this.handleExit(exit);
      },
    });
    this.child = child;
    clearInterval(this.watch);
    const everyMs = Math.min(longestLookMs, hangMs / looksPerHangTime);
    this.watch = setInterval(() => this.lookForHang(everyMs), everyMs);
    child.send({ type: 'configure', settings: { pulseEveryMs: everyMs, ...settings() } });
  }

  /** Hands the process a request; the slot must be ready. `deadlineMs` is on the monotonic clock. */
  run(work: EngineWork, deadlineMs: number): EngineRun {
    const child = this.requireChild();
    const { requestId, answer } = this.inFlight.open({ isRun: true, deadlineMs });
    child.send({ type: 'run', requestId, work });
    const cancel = () => {
      if (this.inFlight.has(requestId)) this.child?.send({ type: 'cancel', requestId });
    };
    return { result: answer as Promise<EngineResult>, cancel };
  }

  /** @throws AppError as the process reports it, or `unavailable`; EngineProcessDied. It has no deadline: who waits brings one. */
  async command(command: ModelCommand): Promise<void> {
    const child = this.requireChild();
    const { requestId, answer } = this.inFlight.open({ isRun: false, deadlineMs: Infinity });
    child.send({ ...command, requestId });
    await answer;
  }

  /** Tells the process which models are not to be loaded. */
  refuse(models: readonly string[]): void {
    if (this.current === 'ready') this.child?.send({ type: 'refuse', models });
  }

  /** Ends the process: asks first, kills when the deadline passes. Requests that run are lost. */
  async stop(deadline: AbortSignal): Promise<void> {
    if (this.current === 'stopped') return;
    const child = this.child;
    this.child = undefined;
    this.move('stopped');
    clearTimeout(this.restartTimer);
    clearInterval(this.watch);
    await child?.stop(deadline);
    this.inFlight.rejectAll(new AppError('unavailable', 'the adapter is stopping'));
  }

  private requireChild(): EngineChild {
    if (!this.child) throw new AppError('unavailable', 'the engine process does not run');
    return this.child;
  }

  private receive(report: EngineReport): void {
    this.heardMs = this.options.clock.monotonicMs();
    switch (report.type) {
      case 'ready':
        this.failure = undefined;
        this.lastCatalogue = report.catalogue;
        if (this.current !== 'starting') return;
        this.options.onReady();
        return this.move('ready');
      case 'catalogue':
        this.lastCatalogue = report.catalogue;
        return this.options.onNews();
      case 'pulse':
        this.lastMemory = report.memory;
        this.noteLoading(report.loading);
        return this.options.onNews();
      case 'start_failed':
        this.failure = new AppError(report.code, report.message);
        return;
      case 'result':
        this.inFlight.resolve(report.requestId, report.result);
        return this.options.onChange();
      case 'done':
        this.inFlight.resolve(report.requestId);
        return this.options.onChange();
      case 'failure':
        this.inFlight.reject(report.requestId, new AppError(report.code, report.message));
        return this.options.onChange();
    }
  }

  private noteLoading(model: string | undefined): void {
    if (model === this.loading?.model) return;
    // Nobody could run meanwhile: requests get the time that the loading took.
    if (this.loading) this.inFlight.extend(this.heardMs - this.loading.sinceMs);
    this.loading = model === undefined ? undefined : { model, sinceMs: this.heardMs };
    this.options.onChange();
  }

  private lookForHang(everyMs: number): void {
    const nowMs = this.options.clock.monotonicMs();
    const lateMs = nowMs - this.lookedMs - everyMs;
    this.lookedMs = nowMs;
    // This process was stopped or starved itself: what the engine process said meanwhile is still unread.
    if (lateMs > this.options.hangMs / 2) this.heardMs = nowMs;
    const reason = describeHang(
      {
        nowMs,
        startingSinceMs: this.current === 'starting' ? this.startedAtMs : undefined,
        heardMs: this.heardMs,
        loadingSinceMs: this.loading?.sinceMs,
        firstDeadlineMs: this.inFlight.firstDeadlineMs,
      },
      this.options,
    );
    if (reason === undefined) return;
    this.options.logger.error('an engine process hangs and is ended', { pid: this.pid, reason });
    this.child?.killAsHung();
    clearInterval(this.watch);
  }

  private handleExit(exit: EngineExit): void {
    const { clock, logger } = this.options;
    const { loading } = this;
    this.child = undefined;
    this.lastMemory = undefined;
    this.loading = undefined;
    const models = this.lastCatalogue.models.map((model) => ({ ...model, loaded: false, memoryBytes: undefined }));
    this.lastCatalogue = { ...this.lastCatalogue, models };
    clearInterval(this.watch);
    this.exits++;
    this.lastExitSeen = { ...exit, atUnixMs: clock.wallMs() };
    const delayMs = this.backoff.nextDelayMs(clock.monotonicMs() - this.startedAtMs);
    logger.error('an engine process ended', { ...exit, loading: loading?.model, cause: this.failure?.message, restartInMs: delayMs });
    this.restartTimer = setTimeout(() => this.start(), delayMs);
    const death = new EngineProcessDied(exit, { runs: this.runs, loading: loading?.model });
    this.options.onDeath(death);
    this.move('down');
    this.inFlight.rejectAll(death);
  }

  private move(next: SlotState): void {
    if (!legalMoves[this.current].includes(next)) throw new Error(`an engine slot cannot go from ${this.current} to ${next}`);
    this.current = next;
    this.sinceUnixMs = this.options.clock.wallMs();
    this.options.onChange();
  }
}
