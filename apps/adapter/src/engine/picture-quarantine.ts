import { createHash } from 'node:crypto';
import type { Clock } from '@nightjar/runtime';

const quarantineMs = 10 * 60_000;
/** When full, the oldest entry is released early: it costs at most two more engine deaths. */
const capacity = 256;

/** Pictures that made an engine process end twice, by their hash: they are refused for ten minutes. */
export class PictureQuarantine {
  private readonly refused: ExpiringHashes;
  /** Over which a process hung once, when nobody waited for the answer any more. */
  private readonly hungOver: ExpiringHashes;

  constructor(clock: Clock) {
    this.refused = new ExpiringHashes(clock);
    this.hungOver = new ExpiringHashes(clock);
  }

  get size(): number {
    return this.refused.size;
  }

  add(picture: Uint8Array): void {
    this.refused.add(hash(picture));
  }

  /** A request whose caller has gone is not run again; a caller that comes back with the same picture must not cost a process each time. */
  addAfterSecondHang(picture: Uint8Array): void {
    const key = hash(picture);
    (this.hungOver.has(key) ? this.refused : this.hungOver).add(key);
  }

  has(picture: Uint8Array): boolean {
    // Nearly always empty: hashing every picture would be waste.
    return this.size > 0 && this.refused.has(hash(picture));
  }
}

class ExpiringHashes {
  /** Expiry on the monotonic clock, oldest first. */
  private readonly expiryMs = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    this.release();
    return this.expiryMs.size;
  }

  add(key: string): void {
    this.release();
    const [oldest] = this.expiryMs.keys();
    if (this.expiryMs.size >= capacity && oldest !== undefined) this.expiryMs.delete(oldest);
    this.expiryMs.set(key, this.clock.monotonicMs() + quarantineMs);
  }

  has(key: string): boolean {
    this.release();
    return this.expiryMs.has(key);
  }

  private release(): void {
    const nowMs = this.clock.monotonicMs();
    for (const [key, expiresMs] of this.expiryMs) if (expiresMs <= nowMs) this.expiryMs.delete(key);
  }
}

function hash(picture: Uint8Array): string {
  return createHash('sha256').update(picture).digest('base64');
}
