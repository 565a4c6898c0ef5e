import { describe, expect, it } from '@jest/globals';
import { LookSchedule } from './look-schedule.js';

/** Two pictures a second; @returns the times of the looks. */
function looks(
  schedule: LookSchedule,
  seconds: number,
  sceneAt: (atSeconds: number) => number = () => 0,
  news: readonly number[] = [],
): number[] {
  return Array.from({ length: 2 * seconds }, (_unused, index) => index / 2).filter((atSeconds) => {
    if (news.includes(atSeconds)) schedule.hasNews();
    const isDue = schedule.isDue(atSeconds, sceneAt(atSeconds));
    if (isDue) schedule.take(atSeconds, sceneAt(atSeconds));
    return isDue;
  });
}

const schedule = (durationSeconds: number) => new LookSchedule({ looksMax: 600, durationSeconds, firstPauseSeconds: 2 });

describe('LookSchedule', () => {
  it('looks ever more rarely at a long quiet shot', () => {
    expect(looks(schedule(40), 40)).toEqual([0, 2, 6, 14, 22, 30, 38]);
  });

  it('looks at the first picture of each scene', () => {
    expect(looks(schedule(9), 9, (atSeconds) => Math.floor(atSeconds / 4.5))).toEqual([0, 2, 4.5, 6.5]);
  });

  it('looks again soon when there was something new', () => {
    expect(looks(schedule(14), 14, () => 0, [9])).toEqual([0, 2, 6, 9, 11]);
  });

  it('looks at once when it was woken, and then goes on as before', () => {
    const woken = schedule(20);
    expect(
      looks(woken, 20, (atSeconds) => {
        if (atSeconds === 9) woken.wake();
        return 0;
      }),
    ).toEqual([0, 2, 6, 9, 17]);
  });

  it('never takes more looks than it may, however long and restless the video is', () => {
    const restless = looks(schedule(3_600), 3_600, (atSeconds) => Math.floor(atSeconds));
    expect(restless.length).toBeLessThanOrEqual(600);
    expect(restless.length).toBeGreaterThan(500);
  });
});
