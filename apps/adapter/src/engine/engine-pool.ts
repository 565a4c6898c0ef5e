import { AppError, deadlineSignal, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import { FairQueue } from '../scheduling/fair-queue.js';
import { ServiceTime } from '../scheduling/service-time.js';
import { EngineProcessDied, type EngineSlot } from './engine-slot.js';
import { EngineTeam, type EngineProcessStatus } from './engine-team.js';
import { isMeantBy } from './fatal-loads.js';
import { ModelOperations, type OperationOptions } from './model-operations.js';
import { PictureQuarantine } from './picture-quarantine.js';
import { mergeCatalogues, type PoolCatalogue } from './pool-catalogue.js';
import { PoolEntry, type EngineRequest, type PoolResult } from './pool-entry.js';
import type { EngineCatalogue, EngineSettings } from './protocol.js';

export type { EngineRequest, PoolResult } from './pool-entry.js';

export interface EnginePoolOptions {
  readonly entry: URL;
  readonly processes: number;
  /** Requests in flight in one process; one unless said otherwise. */
  readonly runsAtOnce?: number;
  readonly settings: EngineSettings;
  /** Resident memory of all processes together; absent or 0: unbounded. */
  readonly memoryBudgetBytes?: number;
  /** What the models of all processes hold on GPUs together; absent or 0: unbounded. */
  readonly vramBudgetBytes?: number;
  readonly queueCapacity: number;
  /** How long a process may be silent, or overstay a request's deadline, before it is taken for hung. */
  readonly hangMs: number;
  /** For the start of a process, and for loading a model. */
  readonly startTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What /health, /readyz and the capacity fact want to know. */
export interface EnginePoolStatus extends PoolCatalogue {
  /** Whether the start is over. */
  readonly started: boolean;
  readonly processes: number;
  readonly ready: number;
  /** Processes that work on something. */
  readonly busy: number;
  /** Requests that can run at a time when all processes are ready. */
  readonly slots: number;
  readonly running: number;
  readonly queued: number;
  readonly deaths: number;
  /** Processes that were replaced because they kept the memory of unloaded models. */
  readonly replaced: number;
  readonly quarantined: number;
  readonly residentBytes: number;
  /** Models to preload that no process has. */
  readonly missingModels: readonly string[];
  /** Models, `name@version`, that are refused because loading them ended processes. */
  readonly refusedModels: readonly string[];
  readonly engineProcesses: readonly EngineProcessStatus[];
}

/** A process that loads a model can't hear that it is to end. */
const afterFailedStartMs = 1_000;
/** A request that loses its process is run once more, in another one. */
const runsMax = 2;
/** What waits holds its pictures in memory. */
const queueCapacityBytes = 256 * 1024 ** 2;

/** The engine processes and the queue before them. Decides which request goes where; never blocks. */
export class EnginePool {
  private readonly team: EngineTeam;
  private readonly operations: ModelOperations;
  /** Full: the request is refused with `overloaded` and a time to come back. */
  private readonly queue: FairQueue<PoolEntry>;
  /** Requests that lost a process: each is run with nothing beside it, so that no other one is blamed for it. */
  private readonly suspects: PoolEntry[] = [];
  /** Processes in which such a request runs. */
  private readonly alone = new Set<EngineSlot>();
  private readonly quarantine: PictureQuarantine;
  private readonly serviceTime = new ServiceTime();
  private readonly runsAtOnce: number;
  /** Merged from what the processes told; made again when one of them has told something else. */
  private merged: { readonly from: readonly EngineCatalogue[]; readonly catalogue: PoolCatalogue } = {
    from: [],
    catalogue: mergeCatalogues([]),
  };
  private started = false;
  private stopping = false;

  constructor(private readonly options: EnginePoolOptions) {
    const { processes, settings, memoryBudgetBytes = 0, vramBudgetBytes = 0, queueCapacity, clock, logger } = options;
    this.runsAtOnce = options.runsAtOnce ?? 1;
    this.queue = new FairQueue({
      capacity: queueCapacity,
      // A client that is alone may use much of the queue: others who come displace what it has most of.
      capacityPerTurn: Math.max(1, Math.ceil(queueCapacity / 2)),
      capacityBytes: queueCapacityBytes,
    });
    this.quarantine = new PictureQuarantine(clock);
    this.operations = new ModelOperations(() => this.team, { preload: settings.preload, clock, logger });
    this.team = new EngineTeam({
      ...options,
      settings: () => ({
        ...settings,
        preload: this.operations.preload,
        refusedModels: this.operations.refused,
        memoryBudgetBytes: Math.floor(memoryBudgetBytes / processes),
        vramBudgetBytes: Math.floor(vramBudgetBytes / processes),
      }),
      prepare: (slot) => this.operations.prepare(slot),
      onChange: () => this.onTeamChange(),
      onDeath: (death) => this.operations.noteDeath(death),
    });
  }

  /**
   * Starts one process, which converts what is not converted yet, then the others beside each other. A start that fails leaves none.
   * @throws AppError when the first can't start: configuration or files are wrong, a restart would not help
   */
  async start(signal: AbortSignal): Promise<void> {
    try {
      await this.team.start(signal);
    } catch (error) {
      await this.stop(deadlineSignal(afterFailedStartMs));
      throw error;
    }
    this.started = true;
  }

  /**
   * Runs one request in whichever process is free next. When its caller goes away or its deadline passes while it waits, it leaves the
   * queue; while it runs, its result is dropped, and it ends at its next use of a model.
   * @throws AppError `overloaded` (queue full), `deadline_exceeded`, `cancelled`, `unavailable` (stopping), `model_error`
   * (it cost two processes), or what the engine process reports
   */
  run(request: EngineRequest): Promise<PoolResult> {
    if (this.stopping) return Promise.reject(new AppError('unavailable', 'the adapter is stopping'));
    if (request.work.pictures.some((picture) => this.quarantine.has(picture))) {
      return Promise.reject(new AppError('model_error', 'this picture made the model fail twice; it is refused for ten minutes'));
    }
    return new Promise<PoolResult>((resolve, reject) => {
      const entry = new PoolEntry(request, { resolve, reject }, this.options.clock);
      if (!entry.answered) this.admit(entry);
    });
  }

  /** Loads a model in every process that is ready, and in those that start later. @throws AppError as ModelOperations.load */
  async load(reference: string, options: OperationOptions): Promise<void> {
    await this.operations.load(reference, options);
  }

  /** Gives a model's memory back in every process. @throws AppError `not_found`, or as ModelOperations.unload */
  async unload(reference: string, options: OperationOptions): Promise<void> {
    const isKnown = this.catalogue.models.some(({ name, version }) => isMeantBy(reference, `${name}@${version}`));
    if (!isKnown) throw new AppError('not_found', `there is no model "${reference.slice(0, 128)}"`);
    await this.operations.unload(reference, options);
  }

  /** Has every process look at the folders of models and tasks again. @throws AppError as ModelOperations.rescan */
  async rescan(options: OperationOptions): Promise<void> {
    await this.operations.rescan(options);
  }

  /** What there is of models and tasks: the same object until an engine process tells something else. Costs nothing to ask for. */
  get catalogue(): PoolCatalogue {
    const from = this.team.slots.map(({ catalogue }) => catalogue);
    const isSame = from.length === this.merged.from.length && from.every((catalogue, index) => catalogue === this.merged.from[index]);
    if (!isSame) this.merged = { from, catalogue: mergeCatalogues(from) };
    return this.merged.catalogue;
  }

  get status(): EnginePoolStatus {
    const { slots } = this.team;
    const catalogue = this.catalogue;
    const isLoaded = (reference: string) =>
      catalogue.models.some((model) => model.loaded && isMeantBy(reference, `${model.name}@${model.version}`));
    return {
      ...catalogue,
      started: this.started,
      processes: slots.length,
      ready: this.ready,
      busy: slots.filter(({ runs }) => runs > 0).length,
      slots: slots.length * this.runsAtOnce,
      running: slots.reduce((sum, { runs }) => sum + runs, 0),
      queued: this.queued,
      deaths: slots.reduce((sum, { deaths }) => sum + deaths, 0),
      replaced: this.team.replaced,
      quarantined: this.quarantine.size,
      residentBytes: slots.reduce((sum, { memory }) => sum + (memory?.residentBytes ?? 0), 0),
      missingModels: this.operations.preload.filter((reference) => !isLoaded(reference)),
      refusedModels: this.operations.refused,
      engineProcesses: this.team.status,
    };
  }

  /** Requests that wait; `status` tells it too, and much that costs more to find out. */
  get queued(): number {
    return this.queue.size + this.suspects.length;
  }

  /** Process ids of the engine processes that run now. */
  get pids(): number[] {
    return this.team.pids;
  }

  /** Refuses what is new and what waits, lets what runs end until the deadline, then ends the processes. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.stopping = true;
    const refuse = (entry: PoolEntry) => entry.reject(new AppError('unavailable', 'the adapter is stopping'));
    for (let entry = this.queue.take(); entry; entry = this.queue.take()) refuse(entry);
    this.suspects.splice(0).forEach(refuse);
    await this.team.stop(deadline);
  }

  private admit(entry: PoolEntry): void {
    entry.onAbandon = () => this.queue.remove(entry);
    const admission = this.queue.offer(entry, entry.place);
    if (!admission.admitted) return entry.reject(this.overloaded());
    admission.displaced?.reject(this.overloaded());
    this.dispatch();
  }

  private onTeamChange(): void {
    // In a task of its own: a slot tells of its change in the middle of making it.
    queueMicrotask(() => this.dispatch());
  }

  /** Hands out what waits, to the process with the least to do. */
  private dispatch(): void {
    if (this.stopping) return;
    for (;;) {
      let open = this.team.open.filter((slot) => !this.alone.has(slot)).sort((a, b) => a.runs - b.runs);
      if (this.suspects.length > 0) {
        const [idlest, ...others] = open;
        if (idlest?.runs === 0) {
          void this.runOn(idlest, this.suspects.shift()!);
          continue;
        }
        // One process gets nothing new until it is idle; the others go on.
        open = others;
      }
      const [slot] = open;
      if (!slot || slot.runs >= this.runsAtOnce) return;
      const entry = this.queue.take();
      if (!entry) return;
      if (entry.runs > 0 && slot.runs > 0) this.suspect(entry);
      else void this.runOn(slot, entry);
    }
  }

  private suspect(entry: PoolEntry): void {
    this.suspects.push(entry);
    entry.onAbandon = () => this.suspects.splice(this.suspects.indexOf(entry), 1);
  }

  private async runOn(slot: EngineSlot, entry: PoolEntry): Promise<void> {
    const startedMs = this.options.clock.monotonicMs();
    if (entry.runs > 0) this.alone.add(slot);
    entry.runs++;
    try {
      const run = slot.run(entry.work, entry.deadlineMs);
      entry.onAbandon = () => run.cancel();
      const result = await run.result;
      const ranMs = this.options.clock.monotonicMs() - startedMs;
      this.serviceTime.note(ranMs);
      entry.resolve({ ...result, waitedMs: startedMs - entry.receivedMs, ranMs });
    } catch (error) {
      if (error instanceof EngineProcessDied) this.handleDeath(entry, error);
      else entry.reject(toAppError(error));
    }
    this.alone.delete(slot);
    this.dispatch();
  }

  private handleDeath(entry: PoolEntry, death: EngineProcessDied): void {
    const { pictures, steps } = entry.work;
    if (entry.runs >= runsMax) {
      for (const picture of pictures) this.quarantine.add(picture);
      this.options.logger.error('a request cost two engine processes; its pictures are refused for a while', {
        tasks: steps.map(({ task }) => task),
        bytes: pictures.map(({ length }) => length),
        reason: death.exit.reason,
      });
      entry.reject(new AppError('model_error', 'the model failed twice on this picture', { cause: death }));
    } else if (this.stopping) {
      entry.reject(new AppError('unavailable', 'the adapter is stopping', { cause: death }));
    } else if (!entry.answered) {
      this.suspect(entry);
    } else if (death.exit.reason === 'hung' && death.circumstances.runs === 1) {
      for (const picture of pictures) this.quarantine.addAfterSecondHang(picture);
    }
  }

  private get ready(): number {
    return this.team.slots.filter(({ state }) => state === 'ready').length;
  }

  private overloaded(): AppError {
    const atOnce = this.ready * this.runsAtOnce;
    return new AppError('overloaded', 'too many requests wait', {
      retryAfterMs: this.serviceTime.retryAfterMs({ queued: this.queue.size, atOnce }),
    });
  }
}
