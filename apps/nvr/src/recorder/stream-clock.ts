/** How many of the last fragments decide: a minute or two, in which no clock drifts much. */
const observationsMax = 64;
/** The first fragments may have waited inside FFmpeg while it looked at the stream. */
const observationsUntilSettled = 5;
/** A network that stalls delivers late and catches up; later than this is a stream whose times went wrong. */
const lateMsMax = 10_000;
/** Nothing arrives before it was seen: earlier than this means that the camera's clock, or ours, has jumped. */
const earlyMsMax = 2_000;

/**
 * Says what time it was when a moment of the media was recorded. Media time is exact in itself but begins anywhere; the
 * arrival of a fragment's end is never before that end and often right after it. So the smallest difference between the two,
 * of the last while, is the difference of the clocks: it follows drift, and forgets what the network did.
 */
export class StreamClock {
  private readonly differencesMs: number[] = [];

  /** @returns `broken` when the media's times can't be trusted any more: the session has to begin anew */
  observe(fragment: { endMediaMs: number; arrivedUnixMs: number }): 'steady' | 'broken' {
    const differenceMs = fragment.arrivedUnixMs - fragment.endMediaMs;
    if (this.differencesMs.length > 0) {
      const lateMs = differenceMs - this.differenceMs;
      if (lateMs > lateMsMax || lateMs < -earlyMsMax) return 'broken';
    }
    this.differencesMs.push(differenceMs);
    if (this.differencesMs.length > observationsMax) this.differencesMs.shift();
    return 'steady';
  }

  /** Whether `unixMsOf` will hardly change its mind any more. */
  get isSettled(): boolean {
    return this.differencesMs.length >= observationsUntilSettled;
  }

  /** Unix ms of a moment of the media. */
  unixMsOf(mediaMs: number): number {
    return Math.round(mediaMs + this.differenceMs);
  }

  private get differenceMs(): number {
    return Math.min(...this.differencesMs);
  }
}
