import type { Fragment } from './segment-writer.js';
import type { Arrival } from './stream-clock.js';

/** Fragments that are written together, and when the last of them came. */
export interface FragmentGroup {
  fragment: Fragment;
  arrived: Arrival;
}

/** Shorter than the second by half a frame or so: times of frames are rounded. */
const groupMsMin = 950;

/**
 * Puts the short fragments, which live viewers get at once, together to what is written and synced at a time: a second of the
 * stream, or what is left of it before a key frame. A second that has begun is all that waits here.
 */
export class FragmentGroups {
  private waiting: Fragment[] = [];
  private durationTicks = 0;
  private arrived: Arrival = { unixMs: 0, monotonicMs: 0 };

  /** @param timescale ticks a second */
  constructor(private readonly timescale: number) {}

  /** @returns the groups that this fragment completed, in order */
  push(fragment: Fragment, arrived: Arrival): FragmentGroup[] {
    const before = fragment.startsWithKeyFrame ? this.flush() : [];
    this.waiting.push(fragment);
    this.durationTicks += fragment.durationTicks;
    this.arrived = arrived;
    const isFull = this.durationTicks * 1_000 >= groupMsMin * this.timescale;
    return isFull ? [...before, ...this.flush()] : before;
  }

  /** What waits, complete or not; empty when nothing does. */
  flush(): FragmentGroup[] {
    const { arrived, durationTicks, waiting } = this;
    const [first] = waiting;
    if (!first) return [];
    this.waiting = [];
    this.durationTicks = 0;
    const { startTicks, startsWithKeyFrame } = first;
    const piecesFrom = (originTicks: number) => waiting.flatMap((fragment) => fragment.piecesFrom(originTicks));
    return [{ fragment: { startTicks, durationTicks, startsWithKeyFrame, piecesFrom }, arrived }];
  }
}
