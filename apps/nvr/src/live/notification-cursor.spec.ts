import { describe, expect, it } from '@jest/globals';
import { NotificationCursor, parseLastEventId, planReplay } from './notification-cursor.js';

describe('where a replay begins', () => {
  it('begins now without a last id', () => {
    expect(planReplay({ lastEventId: undefined, newestSeq: 9, oldestReplayableSeq: 0, removedUpToSeq: 0 })).toEqual({
      afterSeq: 9,
      gap: false,
    });
  });

  it('begins after the last id', () => {
    expect(planReplay({ lastEventId: 4, newestSeq: 9, oldestReplayableSeq: 4, removedUpToSeq: 0 })).toEqual({ afterSeq: 4, gap: false });
  });

  it('says gap where rows are not replayed any more', () => {
    expect(planReplay({ lastEventId: 3, newestSeq: 9, oldestReplayableSeq: 4, removedUpToSeq: 0 })).toEqual({ afterSeq: 4, gap: true });
  });

  it('says gap where some were removed that were not seen, and goes on with what is left of them', () => {
    const replayOf = (lastEventId: number) => planReplay({ lastEventId, newestSeq: 9, oldestReplayableSeq: 0, removedUpToSeq: 5 });
    expect([replayOf(4), replayOf(5)]).toEqual([
      { afterSeq: 4, gap: true },
      { afterSeq: 5, gap: false },
    ]);
  });

  it('says gap to a client that knows more than the database', () => {
    expect(planReplay({ lastEventId: 10, newestSeq: 9, oldestReplayableSeq: 0, removedUpToSeq: 0 })).toEqual({ afterSeq: 9, gap: true });
  });

  it('reads only whole numbers as a last id', () => {
    expect([parseLastEventId('12'), parseLastEventId('-1'), parseLastEventId('1e3'), parseLastEventId('')]).toEqual([
      12,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

/** Numbers that look random and are the same in each run. */
function* sequenceOf(seed: number): Generator<number> {
  for (let state = seed; ;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state / 2_147_483_648;
  }
}

describe('a client between rows and live notifications', () => {
  it('gets every notification once and in order, however pages, commits and pauses interleave', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = sequenceOf(seed);
      const chance = (probability: number) => random.next().value < probability;
      const received: number[] = [];
      const cursor = new NotificationCursor(0);
      let committed = 5;
      let live = 3;
      for (let step = 0; step < 400; step++) {
        if (chance(0.4)) committed++;
        // The feed tells live clients what it has read so far.
        if (chance(0.5)) while (live < committed) if (cursor.takeLive(++live)) received.push(live);
        if (chance(0.1)) cursor.fallBehind(live + 1);
        if (!cursor.isLive) {
          const liveSeqBefore = live;
          const page = Array.from({ length: 3 }, (_, index) => cursor.sentUpTo + 1 + index).filter((seq) => seq <= committed);
          // The page was read; before it is sent, more may happen.
          if (chance(0.5)) committed++;
          if (chance(0.5)) while (live < committed) if (cursor.takeLive(++live)) received.push(live);
          for (const seq of page) {
            received.push(seq);
            cursor.takeReplayed(seq);
          }
          cursor.endPage({ complete: page.length < 3, liveSeqBefore, liveSeqNow: live });
        }
      }
      expect(received).toEqual(Array.from({ length: received.length }, (_, index) => index + 1));
      expect(received.length).toBeGreaterThan(20);
    }
  });

  it('does not look again for what lay between the last one it was told and the one it had no room for', () => {
    const cursor = new NotificationCursor(0);
    cursor.endPage({ complete: true, liveSeqBefore: 7, liveSeqNow: 7 });
    cursor.fallBehind(500);
    cursor.fallBehind(600);
    expect([cursor.isLive, cursor.sentUpTo]).toEqual([false, 499]);
  });

  it('moves on over notifications that its filter hides', () => {
    const cursor = new NotificationCursor(0);
    expect(cursor.endPage({ complete: true, liveSeqBefore: 7, liveSeqNow: 7 })).toBe(true);
    expect(cursor.sentUpTo).toBe(7);
    expect(cursor.takeLive(7)).toBe(false);
    expect(cursor.takeLive(8)).toBe(true);
  });
});
