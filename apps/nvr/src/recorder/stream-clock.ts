/** When something came, on both of our clocks: by the time of day, and on the one that never jumps. */
export interface Arrival {
  readonly unixMs: number;
  readonly monotonicMs: number;
}

/** How many of the last fragments decide: a minute or two, in which no clock drifts much. */
const observationsMax = 64;
/** The first fragments may have waited inside FFmpeg while it looked at the stream. */
const observationsUntilSettled = 5;
/** A network that stalls, or a machine that is busy, delivers late and catches up. A stream that stays later than this does not. */
const lateMsMax = 10_000;
/** Late fragments, none of them less late than those before by more than the jitter, after which a stream counts as one that stays late. */
const lateInRowMax = 5;
const jitterMs = 100;
/** Nothing arrives before it was seen: earlier than this, all at once, means that the camera's clock has jumped. */
const earlyMsMax = 2_000;
/** Of the time of day from one fragment to the next, against the clock that never jumps: more means that somebody set it. */
const setMsMax = 2_000;

/** What is known of the time of a stream. */
export interface StreamTimes {
  /** Whether `unixMsOf` will hardly change its mind any more. */
  readonly isSettled: boolean;
  /** Unix ms of a moment of the media. */
  unixMsOf(mediaMs: number): number;
}

interface Observation {
  endMediaMs: number;
  arrived: Arrival;
}

/**
 * Says what time it was when a moment of the media was recorded. Media time is exact in itself but begins anywhere; the
 * arrival of a fragment's end is never before that end and often right after it. So the smallest difference between the two,
 * of the last while, is the difference of the clocks: it follows drift, and forgets what the network did, and what we did
 * while we had no time to read.
 */
export class StreamClock implements StreamTimes {
  private differencesMs: number[] = [];
  private last: Observation | undefined;
  /** The first of late ones that do not catch up. */
  private late: { since: Observation; leastMs: number; count: number } | undefined;

  /**
   * @returns `shifted` when the times that follow are no longer those from before: somebody set our time of day, or the camera paused without
   *   its clock going on; `broken` when the media's times can't be trusted any more: the session has to begin anew
   */
  observe(fragment: Observation): 'steady' | 'shifted' | 'broken' {
    const differenceMs = fragment.arrived.unixMs - fragment.endMediaMs;
    const wasSet = this.last !== undefined && this.follow(this.last.arrived, fragment.arrived);
    const judged = this.last ? this.judge(this.last, fragment, differenceMs - this.differenceMs) : 'steady';
    this.last = fragment;
    if (judged === 'broken') return judged;
    if (judged === 'shifted') this.differencesMs = this.differencesMs.slice(-lateInRowMax);
    this.differencesMs.push(differenceMs);
    if (this.differencesMs.length > observationsMax) this.differencesMs.shift();
    return wasSet ? 'shifted' : judged;
  }

  /** What is known now, for one who asks later. */
  get known(): StreamTimes {
    const { differenceMs, isSettled } = this;
    return { isSettled, unixMsOf: (mediaMs) => Math.round(mediaMs + differenceMs) };
  }

  get isSettled(): boolean {
    return this.differencesMs.length >= observationsUntilSettled;
  }

  unixMsOf(mediaMs: number): number {
    return Math.round(mediaMs + this.differenceMs);
  }

  /** Our time of day was set: what is known of the difference is as good as before, only another one. */
  private follow(before: Arrival, now: Arrival): boolean {
    const setMs = now.unixMs - before.unixMs - (now.monotonicMs - before.monotonicMs);
    if (Math.abs(setMs) <= setMsMax) return false;
    this.differencesMs = this.differencesMs.map((differenceMs) => differenceMs + setMs);
    return true;
  }

  private judge(before: Observation, fragment: Observation, lateMs: number): ReturnType<StreamClock['observe']> {
    const { mediaMs, timeMs } = between(before, fragment);
    // Late ones that catch up come early too, but each by no more than its own length.
    if (mediaMs - timeMs > earlyMsMax && lateMs < -earlyMsMax) return 'broken';
    if (lateMs <= lateMsMax) this.late = undefined;
    else if (!this.late || lateMs < this.late.leastMs - jitterMs) this.late = { since: fragment, leastMs: lateMs, count: 0 };
    else if (++this.late.count >= lateInRowMax) return this.endLate(this.late.since, fragment);
    return 'steady';
  }

  /** Media that go on as time does, only later, are good; those that stand still are not. */
  private endLate(since: Observation, fragment: Observation): 'shifted' | 'broken' {
    this.late = undefined;
    const { mediaMs, timeMs } = between(since, fragment);
    return mediaMs * 2 > timeMs ? 'shifted' : 'broken';
  }

  private get differenceMs(): number {
    return Math.min(...this.differencesMs);
  }
}

function between(before: Observation, after: Observation): { mediaMs: number; timeMs: number } {
  return { mediaMs: after.endMediaMs - before.endMediaMs, timeMs: after.arrived.monotonicMs - before.arrived.monotonicMs };
}
