import type { Clock } from '@nightjar/runtime';

/** The time of a film: it begins with the moment at which its analysis does, and goes on with its frames, however long they take. */
export class MediaClock implements Clock {
  private readonly startWallMs: number;
  private readonly startMonotonicMs: number;
  private atMs = 0;

  constructor(clock: Clock) {
    this.startWallMs = clock.wallMs();
    this.startMonotonicMs = clock.monotonicMs();
  }

  /** @param atMs since the film's beginning */
  advanceTo(atMs: number): void {
    this.atMs = Math.max(this.atMs, atMs);
  }

  wallMs(): number {
    return this.startWallMs + this.atMs;
  }

  monotonicMs(): number {
    return this.startMonotonicMs + this.atMs;
  }
}
