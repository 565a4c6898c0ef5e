import { describe, expect, it } from '@jest/globals';
import { PictureSchedule } from './picture-schedule.js';

const ticksPerSecond = 90_000;

/** Numbers of the units with which the pictures of a stream come. */
function ends(schedule: PictureSchedule, unitsPerSecond: number, units: number): number[] {
  const numbers = Array.from({ length: units }, (_, index) => index);
  return numbers.filter((index) => schedule.take(Math.round((index * ticksPerSecond) / unitsPerSecond)));
}

describe('the units that make pictures', () => {
  it.each([
    [15, [0, 8, 16, 24]],
    // Twelve of these are exactly one step.
    [25, [0, 12, 24]],
    [30, [0, 15]],
    [1, Array.from({ length: 30 }, (_, index) => index)],
  ])('are those that FFmpeg takes for two pictures of %i units a second', (unitsPerSecond, expected) => {
    const schedule = new PictureSchedule({ picturesPerSecond: 2, ticksPerSecond, unitsBehind: 0 });
    expect(ends(schedule, unitsPerSecond, 30)).toEqual(expected);
  });

  it('show their picture some units later when units are reordered', () => {
    const schedule = new PictureSchedule({ picturesPerSecond: 2, ticksPerSecond, unitsBehind: 4 });
    expect(ends(schedule, 15, 30)).toEqual([4, 12, 20, 28]);
    const each = new PictureSchedule({ picturesPerSecond: 15, ticksPerSecond, unitsBehind: 4 });
    expect(ends(each, 15, 8)).toEqual([4, 5, 6, 7]);
  });

  it('are told by time as long as nothing is awaited', () => {
    const schedule = new PictureSchedule({ picturesPerSecond: 2, ticksPerSecond, unitsBehind: 1 });
    expect(schedule.nextTick).toBeUndefined();
    schedule.take(1_000);
    expect(schedule.nextTick).toBeUndefined();
    schedule.take(4_000);
    expect(schedule.nextTick).toBe(1_000 + 0.48 * ticksPerSecond);
  });

  it('are counted from the picture that came, when FFmpeg could not decode the one that was due', () => {
    const schedule = new PictureSchedule({ picturesPerSecond: 2, ticksPerSecond, unitsBehind: 0 });
    expect([0, 43_200].map((tick) => schedule.take(tick))).toEqual([true, true]);
    schedule.saw(49_200);
    expect([86_400, 92_399, 92_400].map((tick) => schedule.take(tick))).toEqual([false, false, true]);
  });

  it('begin anew when the clock of the camera jumps back', () => {
    const schedule = new PictureSchedule({ picturesPerSecond: 2, ticksPerSecond, unitsBehind: 0 });
    expect([900_000, 870_000, 800_000].map((tick) => schedule.take(tick))).toEqual([true, false, true]);
  });
});
