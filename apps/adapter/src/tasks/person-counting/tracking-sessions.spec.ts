import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { TrackingSessions } from './tracking-sessions.js';

const person = (left: number, score = 0.9) => ({ box: { x1: left, y1: 0, x2: left + 50, y2: 150 }, label: 'person', classId: 0, score });

function open(overrides = {}) {
  const clock = new FakeClock();
  const sessions = new TrackingSessions({
    clock,
    highScore: 0.45,
    lowScore: 0.2,
    lostTrackMs: 30_000,
    sessionTtlMs: 300_000,
    capacity: 3,
    ...overrides,
  });
  const ids = (key: string | undefined, ...lefts: number[]) =>
    sessions
      .update(
        key,
        lefts.map((left) => person(left)),
      )
      .map(({ trackId }) => trackId);
  return { clock, ids };
}

describe('TrackingSessions', () => {
  it('keeps the ids of a camera from call to call, apart from other cameras', () => {
    const { clock, ids } = open();
    expect(ids('camera:a', 100, 400)).toEqual([1, 2]);
    clock.advance(2_000);
    expect(ids('camera:b', 100)).toEqual([1]);
    expect(ids('camera:a', 405, 100, 800)).toEqual([2, 1, 3]);
  });

  it('begins at 1 on every call that names no session', () => {
    const { ids } = open();
    expect(ids(undefined, 100)).toEqual([1]);
    expect(ids(undefined, 700)).toEqual([1]);
  });

  it('forgets a session that nobody used for five minutes', () => {
    const { clock, ids } = open();
    ids('camera:a', 100);
    ids('camera:a', 900);
    clock.advance(300_001);
    expect(ids('camera:a', 100)).toEqual([1]);
  });
});
