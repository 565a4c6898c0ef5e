import { createHash } from 'node:crypto';
import type { Clock } from '@nightjar/runtime';

const quarantineMs = 10 * 60_000;
/** When full, the oldest entry is released early: it costs at most two more engine deaths. */
const capacity = 256;

/** Pictures that made an engine process die twice, by their hash: they are refused for ten minutes. */
export class PictureQuarantine {
  /** Expiry on the monotonic clock, oldest first. */
  private readonly expiryMs = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    this.release();
    return this.expiryMs.size;
  }

  add(picture: Uint8Array): void {
    this.release();
    const [oldest] = this.expiryMs.keys();
    if (this.expiryMs.size >= capacity && oldest !== undefined) this.expiryMs.delete(oldest);
    this.expiryMs.set(hash(picture), this.clock.monotonicMs() + quarantineMs);
  }

  has(picture: Uint8Array): boolean {
    // Nearly always empty: hashing every picture would be waste.
    return this.size > 0 && this.expiryMs.has(hash(picture));
  }

  private release(): void {
    const nowMs = this.clock.monotonicMs();
    for (const [key, expiresMs] of this.expiryMs) if (expiresMs <= nowMs) this.expiryMs.delete(key);
  }
}

function hash(picture: Uint8Array): string {
  return createHash('sha256').update(picture).digest('base64');
}
