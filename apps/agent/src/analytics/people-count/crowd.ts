/** One count of people. */
interface CrowdSample {
  unixMs: number;
  monotonicMs: number;
  /** Whether the count is one that makes an event. */
  isCrowd: boolean;
  count: number;
}

export interface CrowdEvent {
  startedAtUnixMs: number;
  lastSeenAtUnixMs: number;
  startedMonotonicMs: number;
  countMax: number;
}

type CrowdState = 'quiet' | 'crowded';
type CrowdSign = 'few' | 'many' | 'fewForLong' | 'manyForLong';

/** What each sign does in each state. */
const crowdMoves: Record<CrowdState, Record<CrowdSign, { next: CrowdState; change?: 'opened' | 'closed' }>> = {
  quiet: {
    few: { next: 'quiet' },
    fewForLong: { next: 'quiet' },
    many: { next: 'quiet' },
    manyForLong: { next: 'crowded', change: 'opened' },
  },
  crowded: {
    few: { next: 'crowded' },
    fewForLong: { next: 'quiet', change: 'closed' },
    many: { next: 'crowded' },
    manyForLong: { next: 'crowded' },
  },
};

/**
 * From counts to events: so many samples in a row that make a crowd open one, as many that do not close it. It began with the
 * first sample of its row, and ends with the last one that was a crowd. Pure.
 */
export class Crowd {
  private state: CrowdState = 'quiet';
  /** How many samples in a row said the same, up to now. */
  private row = { isCrowd: false, length: 0, startedAtUnixMs: 0, startedMonotonicMs: 0, countMax: 0 };
  private event: CrowdEvent | undefined;

  /** The event that goes on. */
  get open(): CrowdEvent | undefined {
    return this.state === 'crowded' ? this.event : undefined;
  }

  /** @returns what the sample changed, with the event */
  take(sample: CrowdSample, probeCount: number): { change: 'opened' | 'closed'; event: CrowdEvent } | undefined {
    const { isCrowd, unixMs, monotonicMs, count } = sample;
    if (isCrowd !== this.row.isCrowd || this.row.length === 0)
      this.row = { isCrowd, length: 0, startedAtUnixMs: unixMs, startedMonotonicMs: monotonicMs, countMax: 0 };
    this.row.length++;
    this.row.countMax = Math.max(this.row.countMax, count);
    const isLong = this.row.length >= probeCount;
    const { next, change } = crowdMoves[this.state][isCrowd ? (isLong ? 'manyForLong' : 'many') : isLong ? 'fewForLong' : 'few'];
    this.state = next;
    if (change === 'opened') {
      const { startedAtUnixMs, startedMonotonicMs, countMax } = this.row;
      this.event = { startedAtUnixMs, startedMonotonicMs, lastSeenAtUnixMs: unixMs, countMax };
    } else if (this.event && isCrowd) {
      this.event.lastSeenAtUnixMs = unixMs;
      this.event.countMax = Math.max(this.event.countMax, count);
    }
    return change && this.event ? { change, event: this.event } : undefined;
  }

  /** Ends what is open: nobody looks any more. */
  end(): CrowdEvent | undefined {
    const open = this.open;
    this.state = 'quiet';
    this.row.length = 0;
    return open;
  }
}
