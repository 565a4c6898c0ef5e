import { AppError } from '@nightjar/runtime/app-error';
import type { Logger } from '@nightjar/runtime/logger';
import type { ModelSource } from '../engine-tasks/run-work.js';
import type { LoadedModel } from '../models/loaded-model.js';
import { modelKey } from '../models/model-version.js';
import { DeviceMemory, type DeviceMeter } from './device-memory.js';
import { MemoryRooms, noRoom } from './memory-rooms.js';
import { idleModels, planRoom, type ResidentModel } from './model-residency.js';
import type { EngineMemory, EngineSettings, ModelKind, ModelStatus } from './protocol.js';

/** What holds the models (models/model-store). A key is `name@version`, a reference is a key or a name alone. */
export interface ModelHolder {
  has(kind: ModelKind, reference?: string): boolean;
  resolve(kind: ModelKind, reference?: string): string;
  resolveAny(reference: string): string;
  isLoaded(key: string): boolean;
  load(key: string): Promise<LoadedModel>;
  /** Nothing may run on the model any more. */
  unload(key: string): Promise<void>;
  states(): ModelStatus[];
  verifyAll(): Promise<void>;
}

interface ResidentModelsOptions {
  readonly holder: ModelHolder;
  readonly settings: EngineSettings;
  readonly logger: Logger;
  /** Called when a model begins to load, which may block the process, and after every change of what is loaded. */
  readonly onChange: () => void;
  /** For specs; default: NVIDIA's tool, where it is. */
  readonly deviceMeter?: DeviceMeter;
}

/** The models as one request sees them: what it used stays until the request is closed. */
export interface RunModels extends ModelSource {
  /** The next use of a model fails with `cancelled`. */
  cancel(): void;
  close(): void;
}

/**
 * Decides which models are in the memory of this process: loads them one at a time within the budget, never unloads one that a
 * request has in its hands, and measures what each took.
 */
export class ResidentModels {
  /** How many requests have a model in their hands; by key, as all maps here. */
  private readonly holders = new Map<string, number>();
  private readonly lastUsedMs = new Map<string, number>();
  private readonly measuredBytes = new Map<string, number>();
  private readonly pinned = new Set<string>();
  private readonly kept = new Set<string>();
  private refused: ReadonlySet<string>;
  /** Loads and unloads go one after the other: what one took can't be measured beside another. */
  private lastChange: Promise<unknown> = Promise.resolve();
  private loadingKey: string | undefined;
  private baselineBytes = process.memoryUsage.rss();
  private unloads = 0;
  private readonly device: DeviceMemory;
  private readonly rooms: MemoryRooms;

  constructor(private readonly options: ResidentModelsOptions) {
    this.refused = new Set(options.settings.refusedModels);
    this.device = new DeviceMemory(options.deviceMeter);
    const { measuredBytes, device } = this;
    const states = () => options.holder.states();
    this.rooms = new MemoryRooms({ settings: options.settings, device, measuredBytes, states, resident: () => this.resident() });
  }

  /** The model being loaded now. */
  get loading(): string | undefined {
    return this.loadingKey;
  }

  get memory(): EngineMemory {
    const loadedBytes = this.resident().reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    return { residentBytes: process.memoryUsage.rss(), accountedBytes: this.baselineBytes + loadedBytes, unloads: this.unloads };
  }

  states(): ModelStatus[] {
    const { holder } = this.options;
    return holder
      .states()
      .map((state) => (state.loaded ? { ...state, memoryBytes: this.measuredBytes.get(modelKey(state)) ?? state.memoryBytes } : state));
  }

  /** Looks at the files, then loads what is to be preloaded. @throws AppError what the first model that can't be loaded says */
  async start(): Promise<void> {
    const { holder, settings } = this.options;
    await holder.verifyAll();
    collectGarbage();
    this.baselineBytes = process.memoryUsage.rss();
    for (const reference of settings.preload) {
      const key = holder.resolveAny(reference);
      this.pinned.add(key);
      await this.ensureLoaded(key);
    }
  }

  /** Looks at the files again. No request may run meanwhile: a model whose files changed is unloaded. */
  rescan(): Promise<void> {
    return this.inTurn(async () => {
      const { holder } = this.options;
      const before = this.resident();
      await holder.verifyAll();
      this.unloads += before.filter(({ name }) => !holder.isLoaded(name)).length;
      collectGarbage();
      this.options.onChange();
    });
  }

  /** Loads a model that is then to stay. @throws AppError `not_found`, `model_error`, `overloaded` or `unavailable` (no room) */
  async load(reference: string): Promise<void> {
    const key = this.options.holder.resolveAny(reference);
    await this.ensureLoaded(key);
    this.kept.add(key);
  }

  /** Unloads a model, or all versions of it. @throws AppError `overloaded` while a request uses it */
  unload(reference: string): Promise<void> {
    return this.inTurn(async () => {
      const keys = this.resident().flatMap(({ name }) => (name === reference || name.startsWith(`${reference}@`) ? [name] : []));
      if (keys.some((key) => this.holders.has(key))) throw new AppError('overloaded', `model "${reference}" is in use`);
      for (const key of keys) this.kept.delete(key);
      await this.release(keys, 'told to');
    });
  }

  /** From now on these and no others are not loaded. */
  refuse(keys: readonly string[]): void {
    this.refused = new Set(keys);
  }

  /** Unloads what nobody used for long. To be called now and then. */
  async unloadIdle(): Promise<void> {
    const idleMs = this.options.settings.idleUnloadMs ?? 0;
    const find = () => idleModels(this.resident(), { nowMs: performance.now(), idleMs });
    if (find().length > 0) await this.inTurn(() => this.release(find(), 'nobody used it'));
  }

  openRun(): RunModels {
    const { holder } = this.options;
    const held = new Set<string>();
    let cancelled = false;
    return {
      use: async (kind, reference) => {
        if (cancelled) throw new AppError('cancelled', 'nobody waits for the answer any more');
        const key = holder.resolve(kind, reference);
        // Held before it is loaded: who looks for room meanwhile must see it.
        if (!held.has(key)) this.hold(key);
        held.add(key);
        if (!holder.isLoaded(key)) await this.ensureLoaded(key);
        return holder.load(key);
      },
      has: (kind, reference) => holder.has(kind, reference),
      cancel: () => {
        cancelled = true;
      },
      close: () => {
        for (const key of held) this.letGo(key);
        held.clear();
      },
    };
  }

  private async ensureLoaded(key: string): Promise<void> {
    this.hold(key);
    try {
      await this.inTurn(async () => {
        if (this.options.holder.isLoaded(key)) return;
        if (this.refused.has(key)) {
          throw new AppError('model_error', `model "${key}" is refused for a while: loading it ended engine processes`);
        }
        await this.makeRoom(key);
        await this.loadMeasured(key);
        await this.makeUpForUnderestimate(key);
      });
    } finally {
      this.letGo(key);
    }
  }

  private async loadMeasured(key: string): Promise<void> {
    this.loadingKey = key;
    this.options.onChange();
    const beforeBytes = process.memoryUsage.rss();
    const load = () => this.options.holder.load(key);
    try {
      if (this.rooms.hasDevice) await this.device.measure(key, load);
      else await load();
      collectGarbage();
      this.measuredBytes.set(key, Math.max(0, process.memoryUsage.rss() - beforeBytes));
    } finally {
      this.loadingKey = undefined;
      this.options.onChange();
    }
  }

  /** @throws AppError `overloaded` or `unavailable` when a budget leaves no room */
  private async makeRoom(key: string): Promise<void> {
    for (;;) {
      // Planned anew each time: what a model took when it was loaded may not be what comes back.
      const evict = new Set<string>();
      for (const room of await this.rooms.for(key)) {
        const plan = planRoom(room);
        if ('refuse' in plan) throw noRoom(plan.refuse, key, room);
        for (const name of plan.evict) evict.add(name);
      }
      if (evict.size === 0) return;
      await this.release([...evict], 'another model needs the room');
    }
  }

  /**
   * A model may take more than was expected of it; then others go, the one that has just been loaded stays. Where they can't go it
   * stays all the same in the memory of the process, which comes back late and is never measured exactly. On a GPU it does not: what
   * is over the budget there is somebody else's.
   * @throws AppError `overloaded` or `unavailable` when the GPU's budget does not hold it
   */
  private async makeUpForUnderestimate(key: string): Promise<void> {
    const evict = new Set<string>();
    const isOnDevice = this.rooms.deviceBytesOf(key) > 0;
    for (const room of await this.rooms.for(undefined)) {
      if (room.isDevice && !isOnDevice) continue;
      const plan = planRoom({ ...room, models: room.models.filter(({ name }) => name !== key) });
      if ('evict' in plan) for (const name of plan.evict) evict.add(name);
      else if (room.isDevice) await this.giveBack(key, plan.refuse);
      else this.options.logger.warn('the models in use need more than the memory budget', { of: room.of, budgetBytes: room.budgetBytes });
    }
    await this.release([...evict], 'another model took the room');
  }

  /** @throws AppError always: why the model that has just been loaded is not there any more */
  private async giveBack(key: string, why: 'full' | 'busy'): Promise<never> {
    const { holder, logger } = this.options;
    await holder.unload(key);
    this.unloads++;
    collectGarbage();
    this.options.onChange();
    logger.warn('a model took more of the GPU than its budget has', { model: key });
    throw noRoom(why, key, await this.rooms.onDevice(key));
  }

  private async release(keys: readonly string[], reason: string): Promise<void> {
    for (const key of keys) {
      // A request may have taken it up while another one was being unloaded.
      if (this.holders.has(key)) continue;
      await this.options.holder.unload(key);
      this.unloads++;
      this.options.logger.info('model unloaded', { model: key, reason });
    }
    if (keys.length === 0) return;
    collectGarbage();
    this.options.onChange();
  }

  /** Models in memory, named by their keys. */
  private resident(): ResidentModel[] {
    return this.options.holder
      .states()
      .filter(({ loaded }) => loaded)
      .map((state) => {
        const key = modelKey(state);
        return {
          name: key,
          memoryBytes: this.measuredBytes.get(key) ?? state.memoryBytes ?? 0,
          lastUsedMs: this.lastUsedMs.get(key) ?? 0,
          pinned: this.pinned.has(key),
          kept: this.kept.has(key),
          inUse: this.holders.has(key),
        };
      });
  }

  private hold(key: string): void {
    this.holders.set(key, (this.holders.get(key) ?? 0) + 1);
    this.lastUsedMs.set(key, performance.now());
  }

  private letGo(key: string): void {
    const left = (this.holders.get(key) ?? 1) - 1;
    if (left > 0) this.holders.set(key, left);
    else this.holders.delete(key);
    this.lastUsedMs.set(key, performance.now());
  }

  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.lastChange.then(change, change);
    // Whoever asked hears of a failure; the next one waits for the end alone.
    this.lastChange = turn.catch(() => undefined);
    return turn;
  }
}

/** Files that were read lie in big buffers outside JavaScript's heap, whose collector sees no need to hurry. */
function collectGarbage(): void {
  globalThis.gc?.();
}
