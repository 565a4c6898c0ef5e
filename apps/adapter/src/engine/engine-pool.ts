import type { Lane } from '@nightjar/contracts';
import { AppError, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import { FairQueue, type QueuePlace } from '../scheduling/fair-queue.js';
import { EngineProcessDied, EngineSlot } from './engine-slot.js';
import { PictureQuarantine } from './picture-quarantine.js';
import type { EngineResult, EngineSettings, EngineTaskName, EngineWork, ModelStatus } from './protocol.js';

export interface EnginePoolOptions {
  readonly entry: URL;
  readonly processes: number;
  readonly settings: EngineSettings;
  readonly queueCapacity: number;
  readonly hangMs: number;
  readonly startTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface EngineRequest<Task extends EngineTaskName> {
  readonly work: EngineWork<Task>;
  readonly lane: Lane;
  /** Who asks; those who wait take turns by it. */
  readonly turn: string;
  /** Waiting and running together. */
  readonly timeoutMs: number;
  /** How often another adapter may have begun it already; counts into the runs it may have in all. */
  readonly earlierRuns?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What /health, /readyz and the capacity fact want to know. */
export interface EnginePoolStatus {
  /** Whether all processes were ready once. */
  readonly started: boolean;
  readonly processes: number;
  readonly ready: number;
  readonly busy: number;
  readonly queued: number;
  readonly deaths: number;
  readonly quarantined: number;
  readonly models: readonly ModelStatus[];
}

interface Entry {
  readonly work: EngineWork;
  readonly place: QueuePlace;
  /** Answers the caller; only the first answer counts. */
  readonly resolve: (result: EngineResult) => void;
  readonly reject: (error: AppError) => void;
  answered: boolean;
  runs: number;
}

/** A request that loses its process is run once more, in another one. */
const runsMax = 2;
const shortestRetryAfterMs = 100;
const longestRetryAfterMs = 5_000;
/** Weight of the newest observation in the mean service time. */
const serviceTimeWeight = 0.1;

/** The engine processes and the queue before them. Decides which request goes where; never blocks. */
export class EnginePool {
  private readonly slots: readonly EngineSlot[];
  /** Full: the request is refused with `overloaded` and a time to come back. */
  private readonly queue: FairQueue<Entry>;
  private readonly quarantine: PictureQuarantine;
  private readonly changed = new Set<() => void>();
  private meanServiceMs = 50;
  private started = false;
  private stopping = false;

  constructor(private readonly options: EnginePoolOptions) {
    const { processes, queueCapacity, clock } = options;
    this.queue = new FairQueue({ capacity: queueCapacity, capacityPerTurn: Math.max(1, Math.ceil(queueCapacity / 4)) });
    this.quarantine = new PictureQuarantine(clock);
    this.slots = Array.from({ length: processes }, () => new EngineSlot({ ...options, onChange: () => this.onSlotChange() }));
  }

  /**
   * Starts one process, which converts what is not converted yet, then the others beside each other. Resolves when all are ready.
   * @throws AppError when the first can't start: configuration or files are wrong, a restart would not help
   */
  async start(signal: AbortSignal): Promise<void> {
    const [first, ...others] = this.slots;
    first?.start();
    await this.until(() => first?.state === 'idle' || first?.startFailure !== undefined, signal);
    if (first?.startFailure) throw first.startFailure;
    for (const slot of others) slot.start();
    await this.until(() => this.slots.every((slot) => slot.state === 'idle' || slot.state === 'busy'), signal);
    this.started = true;
  }

  /**
   * Runs one request in whichever process is free next.
   * @throws AppError `overloaded` (queue full), `deadline_exceeded`, `cancelled`, `unavailable` (stopping), `model_error`
   * (the picture cost two processes), or what the engine process reports
   */
  run<Task extends EngineTaskName>(request: EngineRequest<Task>): Promise<EngineResult<Task>> {
    const { work } = request;
    if (this.stopping) return Promise.reject(new AppError('unavailable', 'the adapter is stopping'));
    if (this.quarantine.has(work.picture)) {
      return Promise.reject(new AppError('model_error', 'this picture made the model fail twice; it is refused for ten minutes'));
    }
    return new Promise<EngineResult>((resolve, reject) => {
      const entry = this.openEntry(request as EngineRequest<EngineTaskName>, { resolve, reject });
      if (entry.answered) return;
      if (this.queue.offer(entry, entry.place)) this.dispatch();
      else entry.reject(new AppError('overloaded', 'too many requests wait', { retryAfterMs: this.retryAfterMs() }));
    }) as Promise<EngineResult<Task>>;
  }

  get status(): EnginePoolStatus {
    const count = (...states: EngineSlot['state'][]) => this.slots.filter(({ state }) => states.includes(state)).length;
    return {
      started: this.started,
      processes: this.slots.length,
      ready: count('idle', 'busy'),
      busy: count('busy'),
      queued: this.queue.size,
      deaths: this.slots.reduce((sum, { deaths }) => sum + deaths, 0),
      quarantined: this.quarantine.size,
      models: this.models(),
    };
  }

  /** Process ids of the engine processes that run now. */
  get pids(): number[] {
    return this.slots.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Refuses what is new and what waits, lets what runs end until the deadline, then ends the processes. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.stopping = true;
    for (let entry = this.queue.take(); entry; entry = this.queue.take())
      entry.reject(new AppError('unavailable', 'the adapter is stopping'));
    await this.until(() => this.slots.every(({ state }) => state !== 'busy'), deadline).catch(() => undefined);
    await Promise.all(this.slots.map((slot) => slot.stop(deadline)));
  }

  /** Watches deadline and signal until the caller is answered. A run that nobody waits for any more goes on: nothing can stop it. */
  private openEntry(
    request: EngineRequest<EngineTaskName>,
    caller: { resolve: (result: EngineResult) => void; reject: (error: AppError) => void },
  ): Entry {
    const { work, lane, turn, timeoutMs, earlierRuns = 0, signal } = request;
    const onAbort = () => this.abandon(entry, toAppError(signal?.reason));
    const timer = setTimeout(() => this.abandon(entry, new AppError('deadline_exceeded', 'the model did not answer in time')), timeoutMs);
    const once = (answer: () => void) => {
      if (entry.answered) return;
      entry.answered = true;
      // Or the picture would be held in memory until the deadline.
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      answer();
    };
    const entry: Entry = {
      work,
      place: { lane, turn },
      resolve: (result) => once(() => caller.resolve(result)),
      reject: (error) => once(() => caller.reject(error)),
      answered: false,
      runs: earlierRuns,
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    return entry;
  }

  private onSlotChange(): void {
    for (const listener of this.changed) listener();
    // In a task of its own: a slot tells of its change in the middle of making it.
    queueMicrotask(() => this.dispatch());
  }

  private dispatch(): void {
    if (this.stopping) return;
    for (const slot of this.slots) {
      if (slot.state !== 'idle') continue;
      const entry = this.queue.take();
      if (!entry) return;
      void this.runOn(slot, entry);
    }
  }

  private async runOn(slot: EngineSlot, entry: Entry): Promise<void> {
    const startedMs = this.options.clock.monotonicMs();
    entry.runs++;
    try {
      const result = await slot.run(entry.work);
      this.meanServiceMs += (this.options.clock.monotonicMs() - startedMs - this.meanServiceMs) * serviceTimeWeight;
      entry.resolve(result);
    } catch (error) {
      if (error instanceof EngineProcessDied) this.handleDeath(entry, error);
      else entry.reject(toAppError(error));
    }
  }

  private handleDeath(entry: Entry, death: EngineProcessDied): void {
    if (entry.runs >= runsMax) {
      this.quarantine.add(entry.work.picture);
      this.options.logger.error('a picture cost two engine processes and is refused for a while', {
        task: entry.work.task,
        bytes: entry.work.picture.length,
      });
      entry.reject(new AppError('model_error', 'the model failed twice on this picture', { cause: death }));
    } else if (this.stopping) {
      entry.reject(new AppError('unavailable', 'the adapter is stopping', { cause: death }));
    } else if (!entry.answered) {
      this.queue.putBack(entry, entry.place);
      this.dispatch();
    }
  }

  private abandon(entry: Entry, error: AppError): void {
    this.queue.remove(entry);
    entry.reject(error);
  }

  /** When the queue, served at the mean speed of the last requests, will have room. */
  private retryAfterMs(): number {
    const ready = Math.max(1, this.status.ready);
    const estimateMs = Math.ceil((this.queue.size / ready) * this.meanServiceMs);
    return Math.min(Math.max(estimateMs, shortestRetryAfterMs), longestRetryAfterMs);
  }

  /** One line a model: loaded where any process has it loaded. */
  private models(): ModelStatus[] {
    const merged = new Map<string, ModelStatus>();
    for (const model of this.slots.flatMap(({ models }) => models)) {
      if (!merged.get(model.name)?.loaded) merged.set(model.name, model);
    }
    return [...merged.values()];
  }

  /** Waits until the slots make a condition true. @throws the signal's reason */
  private until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        this.changed.delete(check);
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const check = () => {
        if (condition()) end(resolve);
      };
      const onAbort = () => end(() => reject(toAppError(signal.reason)));
      this.changed.add(check);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      else check();
    });
  }
}
