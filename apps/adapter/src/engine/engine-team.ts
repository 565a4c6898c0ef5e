import { AppError, deadlineSignal, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import { EngineSlot, type EngineProcessDied, type LastExit, type SlotState } from './engine-slot.js';
import type { EngineSettings } from './protocol.js';
import { ReturnedMemory } from './returned-memory.js';

interface EngineTeamOptions {
  readonly entry: URL;
  readonly processes: number;
  /** Asked for at each start of a process. */
  readonly settings: () => EngineSettings;
  readonly hangMs: number;
  readonly startTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when a process says that it is ready, before it gets requests. It gets none before the promise resolves. */
  readonly prepare: (slot: EngineSlot) => Promise<void>;
  /** Called after every change: there may be room for a request. */
  readonly onChange: () => void;
  readonly onDeath: (death: EngineProcessDied) => void;
}

/** One engine process as operators see it. */
export interface EngineProcessStatus {
  readonly state: SlotState;
  /** Since when it is in this state, Unix time. */
  readonly sinceUnixMs: number;
  readonly runs: number;
  /** How often it ended without being asked to, and was started again. */
  readonly restarts: number;
  readonly lastExit: LastExit | undefined;
  /** Undefined while it does not run. */
  readonly residentBytes: number | undefined;
}

/** The first process gets so many tries before the adapter says that it can't start. */
const firstStartTries = 3;
/** How long a process that is replaced may take to finish what it works on. */
const retirementMs = 60_000;
const stopTimeoutMs = 5_000;
/** After a replacement, done or failed, the next one waits. */
const betweenReplacementsMs = 30_000;

/** The engine processes of this adapter: starts and stops them, and replaces one that does not give memory back. */
export class EngineTeam {
  private readonly members: EngineSlot[];
  /** Not in the team: coming to take a place, or finishing their work after they gave theirs up. */
  private readonly others = new Set<EngineSlot>();
  /** Get no requests for now, for so many reasons. */
  private readonly holds = new Map<EngineSlot, number>();
  private readonly memory = new WeakMap<EngineSlot, ReturnedMemory>();
  private readonly listeners = new Set<() => void>();
  private replacedCount = 0;
  private replacing = false;
  private nextReplacementMs = 0;
  private stopping = false;

  constructor(private readonly options: EngineTeamOptions) {
    this.members = Array.from({ length: options.processes }, () => this.openSlot());
  }

  get slots(): readonly EngineSlot[] {
    return this.members;
  }

  /** Slots that may get requests. One that loads a model would let them wait. */
  get open(): EngineSlot[] {
    return this.members.filter((slot) => this.isOpen(slot));
  }

  /** How many processes were replaced because they kept memory. */
  get replaced(): number {
    return this.replacedCount;
  }

  get pids(): number[] {
    return [...this.members, ...this.others].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  get status(): EngineProcessStatus[] {
    return this.members.map(({ state, stateSinceUnixMs, runs, deaths, lastExit, memory }) => ({
      state,
      sinceUnixMs: stateSinceUnixMs,
      runs,
      restarts: deaths,
      lastExit,
      residentBytes: memory?.residentBytes,
    }));
  }

  /**
   * Starts one process, which converts what is not converted yet, then the others beside each other. Resolves when each is ready or
   * has failed once.
   * @throws AppError when the first can't start: configuration or files are wrong, a restart would not help
   */
  async start(signal: AbortSignal): Promise<void> {
    const [first, ...others] = this.members;
    first?.start();
    await this.until(
      () => first?.state === 'ready' || first?.startFailure !== undefined || (first?.deaths ?? 0) >= firstStartTries,
      signal,
    );
    if (first?.startFailure) throw first.startFailure;
    if (first?.state !== 'ready') throw new AppError('unavailable', `no engine process can start: ${first?.lastExit?.reason}`);
    for (const slot of others) slot.start();
    await this.until(() => others.every(({ state, deaths }) => state === 'ready' || deaths > 0), signal);
  }

  /** Lets what runs end until the deadline, then ends the processes. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.stopping = true;
    const all = () => [...this.members, ...this.others];
    // What runs longer is ended with its process.
    await this.until(() => all().every(({ runs }) => runs === 0), deadline).catch(() => undefined);
    await Promise.all(all().map((slot) => slot.stop(deadline)));
  }

  /**
   * Does something with a process that has nothing else to do and gets nothing meanwhile.
   * @throws the signal's reason when the process does not become free
   */
  async alone(slot: EngineSlot, signal: AbortSignal, perform: () => Promise<void>): Promise<void> {
    const free = this.hold(slot);
    try {
      await this.until(() => slot.runs === 0, signal);
      await perform();
    } finally {
      free();
    }
  }

  /** Waits until a change makes a condition true. @throws AppError of the signal's reason */
  until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        this.listeners.delete(check);
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const check = () => {
        if (condition()) end(resolve);
      };
      const onAbort = () => end(() => reject(toAppError(signal.reason)));
      this.listeners.add(check);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      else check();
    });
  }

  private openSlot(predecessor?: EngineSlot): EngineSlot {
    const { prepare, onDeath } = this.options;
    const slot: EngineSlot = new EngineSlot(
      {
        ...this.options,
        onChange: () => this.tellChange(),
        onReady: () => {
          this.memory.set(slot, new ReturnedMemory());
          void prepare(slot).finally(this.hold(slot));
        },
        onNews: () => this.lookAtMemory(slot),
        onDeath,
      },
      predecessor,
    );
    return slot;
  }

  private isOpen(slot: EngineSlot): boolean {
    return slot.state === 'ready' && !slot.isLoading && !this.holds.has(slot);
  }

  /** Keeps requests away from a slot until the function that is returned is called. */
  private hold(slot: EngineSlot): () => void {
    this.holds.set(slot, (this.holds.get(slot) ?? 0) + 1);
    return () => {
      const left = (this.holds.get(slot) ?? 1) - 1;
      if (left > 0) this.holds.set(slot, left);
      else this.holds.delete(slot);
      this.tellChange();
    };
  }

  private tellChange(): void {
    for (const listener of this.listeners) listener();
    this.options.onChange();
  }

  private lookAtMemory(slot: EngineSlot): void {
    if (!slot.memory || !this.memory.get(slot)?.isKept(slot.memory)) return;
    if (this.stopping || this.replacing || this.options.clock.monotonicMs() < this.nextReplacementMs || !this.members.includes(slot))
      return;
    this.options.logger.info('an engine process keeps the memory of unloaded models and is replaced', { ...slot.memory });
    void this.replace(slot);
  }

  /** The new one is ready before the old one gets no more requests; there is never more than one replacement at a time. */
  private async replace(slot: EngineSlot): Promise<void> {
    this.replacing = true;
    const successor = this.openSlot(slot);
    const { deaths } = successor;
    this.others.add(successor);
    let leaving = successor;
    try {
      successor.start();
      const settled = () => this.isOpen(successor) || successor.deaths > deaths || successor.state === 'stopped';
      await this.until(settled, deadlineSignal(this.options.startTimeoutMs));
      if (!this.isOpen(successor)) throw new AppError('unavailable', 'the new engine process does not start');
      this.others.delete(successor);
      this.others.add(slot);
      leaving = slot;
      this.members.splice(this.members.indexOf(slot), 1, successor);
      this.replacedCount++;
      this.tellChange();
      // A command counts: a model that is being loaded here would otherwise be told to whom asked as "the adapter is stopping".
      await this.until(() => slot.isIdle, deadlineSignal(retirementMs));
    } catch (error) {
      this.options.logger.warn('an engine process could not be replaced', { error });
    } finally {
      await leaving.stop(deadlineSignal(stopTimeoutMs));
      this.others.delete(leaving);
      this.nextReplacementMs = this.options.clock.monotonicMs() + betweenReplacementsMs;
      this.replacing = false;
    }
  }
}
