import { toAppError } from '@nightjar/runtime';
import type { IdempotencyStore, KeyLock } from './idempotency.store.js';

const tryEveryMs = 500;
/** Full: the next lock ends by itself. */
const locksMax = 10_000;

/**
 * Frees keys whose requests failed while Postgres was away as soon as it is back, so that their clients, who come again at once, do not
 * meet the locks of their own first tries. One lock is tried until it works, then the others follow. Keeps no process alive.
 */
export class LateReleases {
  /** Locks with the time on the process's monotonic clock at which they have ended by themselves. */
  private readonly locks = new Map<KeyLock, number>();
  private isTrying = false;

  constructor(private readonly options: { store: Pick<IdempotencyStore, 'release'>; lockMs: number }) {}

  add(lock: KeyLock): void {
    if (this.locks.size >= locksMax) return;
    this.locks.set(lock, performance.now() + this.options.lockMs);
    if (!this.isTrying) this.tryLater();
  }

  private tryLater(): void {
    this.isTrying = true;
    setTimeout(() => void this.releaseAll(), tryEveryMs).unref();
  }

  private async releaseAll(): Promise<void> {
    for (const [lock, endsAtMs] of this.locks) {
      const isOver = performance.now() > endsAtMs;
      if (!isOver && !(await this.release(lock))) break;
      this.locks.delete(lock);
    }
    this.isTrying = false;
    if (this.locks.size > 0) this.tryLater();
  }

  /** @returns false while Postgres is away; what else goes wrong will not get better */
  private async release(lock: KeyLock): Promise<boolean> {
    try {
      await this.options.store.release(lock);
      return true;
    } catch (error) {
      return toAppError(error).code !== 'unavailable';
    }
  }
}
