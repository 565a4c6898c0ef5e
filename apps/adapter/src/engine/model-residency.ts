/*
 * Which models stay in the memory of an engine process: pure decisions on what was measured. The numbers are resident memory, so
 * they hold whatever a library allocates behind the back of JavaScript.
 */

export interface ResidentModel {
  readonly name: string;
  readonly memoryBytes: number;
  readonly lastUsedMs: number;
  /** One to preload: it is never unloaded for want of room or of use. */
  readonly pinned: boolean;
  /** Loaded by command: it does not go for want of use. */
  readonly kept: boolean;
  /** A request that runs has it in its hands. */
  readonly inUse: boolean;
}

export interface RoomWanted {
  /** 0: unbounded. */
  readonly budgetBytes: number;
  /** What the process holds now. */
  readonly residentBytes: number;
  /** What the model to come is expected to take. */
  readonly neededBytes: number;
  readonly models: readonly ResidentModel[];
}

/** `full`: there is no room even without all models that may go. `busy`: there would be, once requests that run have ended. */
type RoomPlan = { readonly evict: readonly string[] } | { readonly refuse: 'full' | 'busy' };

/** Which models have to go before one more is loaded: the least recently used first, and no more of them than needed. */
export function planRoom({ budgetBytes, residentBytes, neededBytes, models }: RoomWanted): RoomPlan {
  if (budgetBytes === 0) return { evict: [] };
  let overBytes = residentBytes + neededBytes - budgetBytes;
  const mayGo = models.filter(({ pinned }) => !pinned).sort((a, b) => a.lastUsedMs - b.lastUsedMs);
  const evict: string[] = [];
  for (const { name, memoryBytes, inUse } of mayGo) {
    if (overBytes <= 0) break;
    if (inUse) continue;
    evict.push(name);
    overBytes -= memoryBytes;
  }
  if (overBytes <= 0) return { evict };
  const busyBytes = mayGo.filter(({ inUse }) => inUse).reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  return { refuse: overBytes <= busyBytes ? 'busy' : 'full' };
}

/** Models that nobody used for `idleMs`; none when it is 0. */
export function idleModels(models: readonly ResidentModel[], { nowMs, idleMs }: { nowMs: number; idleMs: number }): string[] {
  if (idleMs === 0) return [];
  return models
    .filter(({ pinned, kept, inUse, lastUsedMs }) => !pinned && !kept && !inUse && nowMs - lastUsedMs >= idleMs)
    .map(({ name }) => name);
}

/** Weights are copied into the runtime's own layout, and there are buffers between the layers. */
const memoryPerFileByte = 2;
const leastMemoryBytes = 16 * 1024 ** 2;

/** What a model that was never loaded here will take, from the size of its files. */
export function estimateMemoryBytes(sizeBytes: number): number {
  return Math.max(leastMemoryBytes, sizeBytes * memoryPerFileByte);
}
