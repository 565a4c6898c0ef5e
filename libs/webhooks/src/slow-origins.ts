import type { Clock } from '@nightjar/runtime';

/** Full: the origin that was slow longest ago is forgotten. */
const originsMax = 1_000;

/**
 * Receivers that lately took long to answer, or never did. They share a part of the room that messages have on their way, so
 * that any number of them leaves the rest to receivers that answer.
 */
export class SlowOrigins {
  private readonly slowUntilMonotonicMs = new Map<string, number>();

  /**
   * @param options.slowMs an attempt that takes so long makes its origin a slow one
   * @param options.rememberMs for how long; an attempt that is quick ends it at once
   */
  constructor(private readonly options: { clock: Clock; slowMs: number; rememberMs: number }) {}

  /** Notes how long an attempt took, whatever came of it. */
  note(origin: string, durationMs: number): void {
    const { clock, slowMs, rememberMs } = this.options;
    this.slowUntilMonotonicMs.delete(origin);
    if (durationMs < slowMs) return;
    const [oldest] = this.slowUntilMonotonicMs.keys();
    if (oldest !== undefined && this.slowUntilMonotonicMs.size >= originsMax) this.slowUntilMonotonicMs.delete(oldest);
    this.slowUntilMonotonicMs.set(origin, clock.monotonicMs() + rememberMs);
  }

  has(origin: string): boolean {
    return (this.slowUntilMonotonicMs.get(origin) ?? 0) > this.options.clock.monotonicMs();
  }

  get names(): string[] {
    return [...this.slowUntilMonotonicMs.keys()].filter((origin) => this.has(origin));
  }
}
