import type { Clock } from '@nightjar/runtime';

const windowMs = 5_000;
/** A rate over less time than this would be a guess. */
const shortestMs = 1_000;

/** Events a second over the last five seconds. */
export class EventRate {
  private readonly timesMs: number[] = [];
  private readonly startedMs: number;

  constructor(private readonly clock: Clock) {
    this.startedMs = clock.monotonicMs();
  }

  add(): void {
    this.timesMs.push(this.clock.monotonicMs());
    this.forget();
  }

  /** One digit after the point. */
  get perSecond(): number {
    this.forget();
    const seenMs = Math.min(windowMs, Math.max(shortestMs, this.clock.monotonicMs() - this.startedMs));
    return Math.round((this.timesMs.length / seenMs) * 10_000) / 10;
  }

  private forget(): void {
    const oldestMs = this.clock.monotonicMs() - windowMs;
    while (this.timesMs[0] !== undefined && this.timesMs[0] <= oldestMs) this.timesMs.shift();
  }
}
