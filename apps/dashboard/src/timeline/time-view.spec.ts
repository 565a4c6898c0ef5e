import { describe, expect, it } from '@jest/globals';
import { follow, openingMoment, pan, recordedPart, recordingFrom, shareOf, ticksOf, viewOf, zoom } from './time-view.js';

const day = { startUnix: 0, endUnix: 86_400 };

describe('what the bar of a day shows', () => {
  it('keeps the moment under the pointer where it is while it is zoomed', () => {
    const view = zoom(day, { factor: 0.25, aroundUnix: 21_600, bounds: day });
    expect(view.endUnix - view.startUnix).toBe(21_600);
    expect(shareOf(view, 21_600)).toBeCloseTo(0.25);
  });

  it('never leaves its day and never gets shorter than a minute', () => {
    expect(zoom(day, { factor: 2, aroundUnix: 100, bounds: day })).toEqual(day);
    const close = zoom({ startUnix: 0, endUnix: 80 }, { factor: 0.1, aroundUnix: 0, bounds: day });
    expect(close).toEqual({ startUnix: 0, endUnix: 60 });
    expect(pan(close, -1, day)).toEqual(close);
    expect(pan({ startUnix: 86_300, endUnix: 86_400 }, 1, day)).toEqual({ startUnix: 86_300, endUnix: 86_400 });
  });

  it('follows what is played', () => {
    const view = { startUnix: 1_000, endUnix: 2_000 };
    expect(follow(view, 1_500, day)).toBe(view);
    const moved = follow(view, 2_001, day);
    expect(shareOf(moved, 2_001)).toBeCloseTo(0.1);
  });

  it('has marks at whole hours and minutes, only inside of what is shown', () => {
    expect(ticksOf(day, day, 12)).toHaveLength(13);
    expect(ticksOf({ startUnix: 3_590, endUnix: 3_650 }, day, 8)).toEqual([3_590, 3_600, 3_610, 3_620, 3_630, 3_640, 3_650]);
  });

  it('plays what is recorded at a moment, or next after a gap', () => {
    const recordings = [
      { startUnix: 0, endUnix: 10 },
      { startUnix: 20, endUnix: 30 },
    ];
    expect(recordingFrom(recordings, 5)).toBe(recordings[0]);
    expect(recordingFrom(recordings, 10)).toBe(recordings[1]);
    expect(recordingFrom(recordings, 30)).toBeUndefined();
  });

  it('has pictures from its first to its last recorded moment, to the minute', () => {
    const recordings = [
      { startUnix: 100, endUnix: 200 },
      { startUnix: 300, endUnix: 1_000 },
    ];
    expect(recordedPart(day, recordings)).toEqual({ startUnix: 100, endUnix: 960 });
    expect(recordedPart({ startUnix: 150, endUnix: 170 }, recordings)).toEqual({ startUnix: 150, endUnix: 170 });
    expect(recordedPart({ startUnix: 200, endUnix: 300 }, recordings)).toBeUndefined();
  });

  it('opens with what is recorded and a little around it, at least half an hour, and no more than the day', () => {
    const hours = viewOf([{ startUnix: 12_000, endUnix: 24_000 }], day);
    expect(hours.startUnix).toBeCloseTo(11_400);
    expect(hours.endUnix).toBeCloseTo(24_600);
    expect(viewOf([{ startUnix: 60, endUnix: 120 }], day)).toEqual({ startUnix: 0, endUnix: 1_800 });
    expect(viewOf([{ startUnix: 0, endUnix: 86_400 }], day)).toEqual(day);
    expect(viewOf([], day)).toEqual(day);
  });

  it('plays first how a day begins, and of today what was recorded last', () => {
    const recordings = [
      { startUnix: 100, endUnix: 200 },
      { startUnix: 300, endUnix: 1_000 },
    ];
    expect(openingMoment(recordings, { isToday: false })).toBe(100);
    expect(openingMoment(recordings, { isToday: true })).toBe(970);
    expect(openingMoment([{ startUnix: 990, endUnix: 1_000 }], { isToday: true })).toBe(990);
    expect(openingMoment([], { isToday: true })).toBeUndefined();
  });
});
