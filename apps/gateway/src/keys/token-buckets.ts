import type { Clock } from '@nightjar/runtime';

const windowMs = 60_000;

interface Bucket {
  tokens: number;
  atMonotonicMs: number;
}

/** What a bucket answers. */
interface Draw {
  taken: boolean;
  /** Whole tokens left. */
  left: number;
  /** Until there is a whole token again; 0 while there is. */
  nextInMs: number;
  /** Until the bucket is full. */
  fullInMs: number;
}

/**
 * Token buckets by name: each holds the tokens of a minute and is refilled evenly, so a burst may take all of them at once.
 * Counts what one process sees, and starts anew with it.
 */
export class TokenBuckets {
  /** Least recently used first. */
  private readonly buckets = new Map<string, Bucket>();

  /** @param bucketsMax when there are so many, the one that was used longest ago is forgotten and is full when it comes back */
  constructor(
    private readonly clock: Clock,
    private readonly bucketsMax: number,
  ) {}

  /** Takes a token, if there is one. */
  take(name: string, perMinute: number): Draw {
    const nowMonotonicMs = this.clock.monotonicMs();
    const msPerToken = windowMs / perMinute;
    const known = this.buckets.get(name);
    const refilled = known ? known.tokens + (nowMonotonicMs - known.atMonotonicMs) / msPerToken : perMinute;
    const before = Math.min(perMinute, refilled);
    const taken = before >= 1;
    const tokens = taken ? before - 1 : before;
    this.keep(name, { tokens, atMonotonicMs: nowMonotonicMs });
    return {
      taken,
      left: Math.floor(tokens),
      nextInMs: tokens >= 1 ? 0 : (1 - tokens) * msPerToken,
      fullInMs: (perMinute - tokens) * msPerToken,
    };
  }

  /** For a token that turned out not to be owed. */
  giveBack(name: string): void {
    const bucket = this.buckets.get(name);
    if (bucket) bucket.tokens += 1;
  }

  private keep(name: string, bucket: Bucket): void {
    this.buckets.delete(name);
    const [leastRecent] = this.buckets.keys();
    if (leastRecent !== undefined && this.buckets.size >= this.bucketsMax) this.buckets.delete(leastRecent);
    this.buckets.set(name, bucket);
  }
}
