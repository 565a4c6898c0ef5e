import type { Clock } from '@nightjar/runtime';
import type { EngineProcessDied } from './engine-slot.js';
import type { ExitReason } from './exit-reason.js';

const refusalMs = 10 * 60_000;
/** So many processes may end over one model. */
const deathsMax = 2;

/** Ends for which the model that was being loaded can be blamed. */
const isBlamed: Readonly<Record<ExitReason, boolean>> = {
  crashed: true,
  hung: true,
  'out of memory': true,
  killed: false,
  'could not start': false,
};

/** Models whose loading ended engine processes: they are refused for ten minutes, or one bad model would keep all others from working. */
export class FatalLoads {
  /** By `name@version`. */
  private readonly deaths = new Map<string, { count: number; lastMs: number }>();

  constructor(private readonly clock: Clock) {}

  /** Takes a death into account. @returns the model that is refused from now on */
  note({ exit, circumstances: { loading } }: EngineProcessDied): string | undefined {
    if (loading === undefined || !isBlamed[exit.reason]) return undefined;
    const count = (this.deaths.get(loading)?.count ?? 0) + 1;
    this.deaths.set(loading, { count, lastMs: this.clock.monotonicMs() });
    return count === deathsMax ? loading : undefined;
  }

  /** Gives models another chance: all versions of the named one, or all. */
  forgive(reference?: string): void {
    for (const key of this.deaths.keys()) if (reference === undefined || isMeantBy(reference, key)) this.deaths.delete(key);
  }

  get refused(): string[] {
    const nowMs = this.clock.monotonicMs();
    for (const [key, { lastMs }] of this.deaths) if (nowMs - lastMs >= refusalMs) this.deaths.delete(key);
    return [...this.deaths].flatMap(([key, { count }]) => (count >= deathsMax ? [key] : []));
  }
}

/** Whether a reference, `name` or `name@version`, means the model with a key. */
export function isMeantBy(reference: string, key: string): boolean {
  return key === reference || key.startsWith(`${reference}@`);
}
