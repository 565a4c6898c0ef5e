import { describe, expect, it } from '@jest/globals';
import { SteadyTimes } from './steady-times.js';

const clockHz = 90_000;
const frame = clockHz / 15;

/** What becomes of the times of a camera (in pictures of a fifteenth of a second), and how many jumps were taken out. */
class Stream {
  private readonly times = new SteadyTimes(clockHz);
  private before: number | undefined;
  private nowMs = 50_000;

  /** Takes times; each comes so many ms after the one before. */
  take(pictures: readonly number[], everyMs = 1_000 / 15): number[] {
    return pictures.map((picture) => {
      const ticks = Math.round(picture * frame);
      this.nowMs += everyMs;
      const shift = this.times.take(ticks - (this.before ?? ticks), this.nowMs);
      this.before = ticks;
      return Math.round(((ticks + shift) / frame) * 1_000) / 1_000;
    });
  }

  wait(ms: number): void {
    this.nowMs += ms;
  }

  get jumps(): number {
    return this.times.jumps;
  }
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

describe('times of a medium', () => {
  it('pass as they are', () => {
    const stream = new Stream();
    expect(stream.take([...range(10, 200), ...range(230, 20)])).toEqual([...range(10, 200), ...range(230, 20)]);
    expect(stream.jumps).toBe(0);
  });

  it.each([45, 75, 149, 90_000])('go on when the clock is set back by %i pictures', (back) => {
    const stream = new Stream();
    stream.take(range(0, 30));
    expect(stream.take(range(30 - back, 30))).toEqual(range(30, 30));
    expect(stream.take(range(60 - 2 * back, 5))).toEqual(range(60, 5));
    expect(stream.jumps).toBe(2);
  });

  it('go on when it is set back by less than pictures may be out of order, where none ever were', () => {
    const stream = new Stream();
    stream.take(range(0, 120));
    expect(stream.take(range(110, 20))).toEqual(range(120, 20));
    expect(stream.jumps).toBe(1);
  });

  it('keep pictures in another order than they are shown', () => {
    const stream = new Stream();
    const order = range(0, 60).flatMap((group) => [3, 1, 2].map((offset) => group * 3 + offset));
    expect(stream.take([0, ...order])).toEqual([0, ...order]);
    expect(stream.jumps).toBe(0);
  });

  it('learn of pictures in another order that come late', () => {
    const stream = new Stream();
    stream.take(range(0, 150));
    const order = range(50, 10).flatMap((group) => [3, 1, 2].map((offset) => group * 3 + offset));
    const taken = stream.take(order);
    expect(stream.jumps).toBe(1);
    const shift = (taken.at(-1) ?? 0) - (order.at(-1) ?? 0);
    expect(taken.slice(5)).toEqual(order.slice(5).map((picture) => picture + shift));
  });

  it('go on when the clock is set ahead', () => {
    const stream = new Stream();
    stream.take(range(0, 30));
    expect(stream.take(range(1_000, 30))).toEqual(range(30, 30));
    expect(stream.jumps).toBe(1);
  });

  it('keep a pause, with and without a clock that was set', () => {
    const stream = new Stream();
    stream.take(range(0, 30));
    stream.wait(6_000);
    expect(stream.take(range(120, 10))).toEqual(range(120, 10));
    expect(stream.jumps).toBe(0);
    stream.wait(6_000);
    expect(stream.take(range(0, 10))).toEqual(range(220, 10));
    expect(stream.jumps).toBe(1);
  });

  it('do not jump when all of it comes late and then at once, or when what was late is missing', () => {
    const stream = new Stream();
    stream.take(range(0, 30));
    stream.wait(9_000);
    expect(stream.take(range(30, 40), 0)).toEqual(range(30, 40));
    // The camera dropped what the network did not take.
    expect(stream.take(range(165, 30))).toEqual(range(165, 30));
    expect(stream.jumps).toBe(0);
  });

  it('do not jump where a picture comes each five seconds, late or not', () => {
    const stream = new Stream();
    stream.take(
      range(0, 10).map((number) => number * 75),
      5_000,
    );
    stream.take([750], 20_000);
    expect(stream.take([825, 900, 975], 1)).toEqual([825, 900, 975]);
    expect(stream.jumps).toBe(0);
  });
});
