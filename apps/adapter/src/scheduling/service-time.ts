const shortestRetryAfterMs = 100;
const longestRetryAfterMs = 5_000;
/** Weight of the newest observation in the mean. */
const newestWeight = 0.1;
const meanMsAtFirst = 50;

/** How long requests run, and what that means for one that finds the queue full. */
export class ServiceTime {
  private meanMs = meanMsAtFirst;

  note(runMs: number): void {
    this.meanMs += (runMs - this.meanMs) * newestWeight;
  }

  /** When a queue of this length, served by so many at a time, will have been worked off: a good time to come back. */
  retryAfterMs({ queued, atOnce }: { queued: number; atOnce: number }): number {
    const estimateMs = Math.ceil((queued / Math.max(1, atOnce)) * this.meanMs);
    return Math.min(Math.max(estimateMs, shortestRetryAfterMs), longestRetryAfterMs);
  }
}
