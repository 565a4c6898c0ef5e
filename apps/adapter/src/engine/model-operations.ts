import { AppError, deadlineSignal, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import { EngineProcessDied, type EngineSlot, type ModelCommand } from './engine-slot.js';
import type { EngineTeam } from './engine-team.js';
import { FatalLoads, isMeantBy } from './fatal-loads.js';

export interface OperationOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Operations that wait for their turn; more are answered `overloaded`. */
const waitingMax = 16;
/** A process that dies over a command gets it once more. */
const triesMax = 2;
/** What a process that has just started may take to load what operators loaded before. */
const prepareTimeoutMs = 120_000;

/**
 * What operators want of the models: loads, unloads and looks at the folders, done one after the other, process by process, so that
 * the other processes go on serving. What was loaded by command is loaded again in every process that starts later.
 */
export class ModelOperations {
  private readonly wanted = new Set<string>();
  private readonly unwanted = new Set<string>();
  private readonly fatalLoads: FatalLoads;
  private lastTurn: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(
    private readonly team: () => EngineTeam,
    private readonly options: { readonly preload: readonly string[]; readonly clock: Clock; readonly logger: Logger },
  ) {
    this.fatalLoads = new FatalLoads(options.clock);
  }

  /** Models that a process loads before it is ready. */
  get preload(): string[] {
    return this.options.preload.filter((reference) => !this.unwanted.has(reference));
  }

  /** Models, `name@version`, that are not to be loaded for now. */
  get refused(): string[] {
    return this.fatalLoads.refused;
  }

  /**
   * Loads a model in every process that is ready; those that start later load it too.
   * @param reference `name` or `name@version`
   * @throws AppError `not_found`, `model_error`, `unavailable` or `overloaded` (no room, too many operations), `deadline_exceeded`, `cancelled`
   */
  async load(reference: string, { timeoutMs, signal }: OperationOptions): Promise<void> {
    await this.inTurn(deadlineSignal(timeoutMs, signal), async (deadline) => {
      this.fatalLoads.forgive(reference);
      this.tellRefused();
      await this.inEachProcess({ type: 'load', model: reference }, deadline);
      this.unwanted.delete(reference);
      if (!this.options.preload.includes(reference)) this.wanted.add(reference);
    });
  }

  /** Unloads a model, or all versions of it, everywhere. It is loaded again by a request that needs it. @throws AppError as `load` does */
  async unload(reference: string, { timeoutMs, signal }: OperationOptions): Promise<void> {
    await this.inTurn(deadlineSignal(timeoutMs, signal), async (deadline) => {
      for (const key of [...this.wanted]) if (isMeantBy(reference, key)) this.wanted.delete(key);
      for (const key of this.options.preload) if (isMeantBy(reference, key)) this.unwanted.add(key);
      await this.inEachProcess({ type: 'unload', model: reference }, deadline);
    });
  }

  /** Has every process look at the folders of models and tasks again. @throws AppError as `load` does */
  async rescan({ timeoutMs, signal }: OperationOptions): Promise<void> {
    await this.inTurn(deadlineSignal(timeoutMs, signal), async (deadline) => {
      this.fatalLoads.forgive();
      this.tellRefused();
      await this.inEachProcess({ type: 'rescan' }, deadline);
    });
  }

  /** Loads in a process that has just started what was loaded by command. Never throws. */
  async prepare(slot: EngineSlot): Promise<void> {
    const deadline = deadlineSignal(prepareTimeoutMs);
    for (const model of [...this.wanted]) {
      try {
        await withDeadline(slot.command({ type: 'load', model }), deadline);
      } catch (error) {
        if (error instanceof EngineProcessDied) return;
        this.options.logger.warn('a model that was loaded before a process ended cannot be loaded again', { model, error });
      }
    }
  }

  /** Learns from the end of a process. */
  noteDeath(death: EngineProcessDied): void {
    const model = this.fatalLoads.note(death);
    if (model === undefined) return;
    this.options.logger.error('loading a model ended engine processes; it is refused for a while', { model, reason: death.exit.reason });
    this.tellRefused();
  }

  private tellRefused(): void {
    for (const slot of this.team().slots) slot.refuse(this.refused);
  }

  private async inTurn(deadline: AbortSignal, perform: (deadline: AbortSignal) => Promise<void>): Promise<void> {
    if (this.waiting >= waitingMax) throw new AppError('overloaded', 'too many operations on models wait', { retryAfterMs: 1_000 });
    this.waiting++;
    const turn = this.lastTurn.then(async () => {
      if (deadline.aborted) throw toAppError(deadline.reason);
      await perform(deadline);
    });
    // Whoever asked hears of a failure; the next one waits for the end alone.
    this.lastTurn = turn.catch(() => undefined).finally(() => this.waiting--);
    await withDeadline(turn, deadline);
  }

  private async inEachProcess(command: ModelCommand, deadline: AbortSignal): Promise<void> {
    await this.team().until(() => this.team().slots.some(({ state }) => state === 'ready'), deadline);
    // A process may take another's place meanwhile, prepared for what was wanted before this command.
    const done = new Set<EngineSlot>();
    for (;;) {
      const next = this.team().slots.find((slot) => slot.state === 'ready' && !done.has(slot));
      if (!next) return;
      done.add(next);
      await this.perform(next, command, deadline);
    }
  }

  private async perform(slot: EngineSlot, command: ModelCommand, deadline: AbortSignal): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.team().alone(slot, deadline, () => withDeadline(slot.command(command), deadline));
        return;
      } catch (error) {
        if (!this.team().slots.includes(slot)) return;
        if (!(error instanceof EngineProcessDied)) throw error;
        if (tries === triesMax) throw new AppError('model_error', describeLoss(command), { cause: error });
      }
      await this.team().until(() => slot.state === 'ready' || slot.state === 'stopped', deadline);
    }
  }
}

function describeLoss(command: ModelCommand): string {
  return command.type === 'load' ? `loading model "${command.model}" ended its process twice` : 'an engine process ended twice';
}

/** What runs goes on without its caller: a process can't be interrupted. @throws AppError of the signal's reason */
function withDeadline<T>(work: Promise<T>, deadline: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(toAppError(deadline.reason));
    deadline.addEventListener('abort', onAbort, { once: true });
    if (deadline.aborted) onAbort();
    work.then(resolve, reject).finally(() => deadline.removeEventListener('abort', onAbort));
  });
}
