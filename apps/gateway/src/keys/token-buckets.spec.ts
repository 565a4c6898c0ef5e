import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { TokenBuckets } from './token-buckets.js';

describe('token buckets', () => {
  const open = (bucketsMax = 10) => {
    const clock = new FakeClock();
    return { clock, buckets: new TokenBuckets(clock, bucketsMax) };
  };
  const takeAll = (buckets: TokenBuckets, name: string, perMinute: number, attempts: number) =>
    Array.from({ length: attempts }, () => buckets.take(name, perMinute)).filter(({ taken }) => taken).length;

  it('give a burst of a minute and then an even flow', () => {
    const { clock, buckets } = open();
    expect(takeAll(buckets, 'a', 60, 100)).toBe(60);
    clock.advance(999);
    expect(buckets.take('a', 60).taken).toBe(false);
    clock.advance(1);
    expect(buckets.take('a', 60)).toMatchObject({ taken: true, left: 0 });
    clock.advance(10_000);
    expect(takeAll(buckets, 'a', 60, 100)).toBe(10);
  });

  it('never hold more than those of a minute', () => {
    const { clock, buckets } = open();
    buckets.take('a', 5);
    clock.advance(86_400_000);
    buckets.giveBack('a');
    expect(takeAll(buckets, 'a', 5, 100)).toBe(5);
  });

  it('say when there is one again, and when they are full', () => {
    const { clock, buckets } = open();
    expect(buckets.take('a', 2)).toEqual({ taken: true, left: 1, nextInMs: 0, fullInMs: 30_000 });
    expect(buckets.take('a', 2)).toEqual({ taken: true, left: 0, nextInMs: 30_000, fullInMs: 60_000 });
    clock.advance(15_000);
    expect(buckets.take('a', 2)).toMatchObject({ taken: false, left: 0, nextInMs: 15_000, fullInMs: 45_000 });
  });

  it('are told apart by any name', () => {
    const { buckets } = open();
    for (const name of ['a', '__proto__', 'constructor', '']) expect(takeAll(buckets, name, 3, 5)).toBe(3);
  });

  it('forget the one that was used longest ago when there are too many', () => {
    const { buckets } = open(2);
    takeAll(buckets, 'a', 2, 2);
    takeAll(buckets, 'b', 2, 2);
    expect(buckets.take('a', 2).taken).toBe(false);
    buckets.take('c', 2);
    expect(buckets.take('a', 2).taken).toBe(false);
    expect(buckets.take('b', 2).taken).toBe(true);
  });
});
