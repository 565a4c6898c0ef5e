import { describe, expect, it } from '@jest/globals';
import { FairQueue } from './fair-queue.js';

const item = (name: string) => ({ name });
const open = (options = {}) => new FairQueue<{ name: string }>({ capacity: 100, capacityPerTurn: 50, ...options });
const drain = (queue: FairQueue<{ name: string }>) => {
  const names: string[] = [];
  for (let next = queue.take(); next; next = queue.take()) names.push(next.name);
  return names;
};

describe('FairQueue', () => {
  it('lets cameras take turns, however many pictures each has', () => {
    const queue = open();
    for (const name of ['a1', 'a2', 'a3']) queue.offer(item(name), { lane: 'live', turn: 'a' });
    queue.offer(item('b1'), { lane: 'live', turn: 'b' });
    queue.offer(item('c1'), { lane: 'live', turn: 'c' });
    expect(drain(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'a3']);
  });

  it('serves live before batch, and every fifth time batch before live', () => {
    const queue = open();
    for (let i = 1; i <= 2; i++) queue.offer(item(`batch${i}`), { lane: 'batch', turn: 'job' });
    for (let i = 1; i <= 9; i++) queue.offer(item(`live${i}`), { lane: 'live', turn: 'camera' });
    expect(drain(queue)).toEqual(['live1', 'live2', 'live3', 'live4', 'batch1', 'live5', 'live6', 'live7', 'live8', 'batch2', 'live9']);
  });

  it('refuses beyond its capacity, and beyond the share of one camera', () => {
    const queue = open({ capacity: 3, capacityPerTurn: 2 });
    expect(['a1', 'a2', 'a3'].map((name) => queue.offer(item(name), { lane: 'live', turn: 'a' }))).toEqual([true, true, false]);
    expect(['b1', 'b2'].map((name) => queue.offer(item(name), { lane: 'live', turn: 'b' }))).toEqual([true, false]);
    expect(queue.size).toBe(3);
  });

  it('puts an item back in front of all others, even when full', () => {
    const queue = open({ capacity: 2 });
    const first = item('a1');
    queue.offer(first, { lane: 'live', turn: 'a' });
    queue.take();
    queue.offer(item('b1'), { lane: 'live', turn: 'b' });
    queue.offer(item('a2'), { lane: 'live', turn: 'a' });
    queue.putBack(first, { lane: 'live', turn: 'a' });
    expect(drain(queue)).toEqual(['a1', 'b1', 'a2']);
  });

  it('forgets an item that is not wanted any more', () => {
    const queue = open();
    const unwanted = item('a1');
    queue.offer(unwanted, { lane: 'live', turn: 'a' });
    queue.offer(item('a2'), { lane: 'live', turn: 'a' });
    expect(queue.remove(unwanted)).toBe(true);
    expect(queue.remove(unwanted)).toBe(false);
    expect(drain(queue)).toEqual(['a2']);
    expect(queue.size).toBe(0);
  });

  it('treats names of object properties as any other name', () => {
    const queue = open();
    for (const turn of ['__proto__', 'constructor']) queue.offer(item(turn), { lane: 'live', turn });
    expect(drain(queue)).toEqual(['__proto__', 'constructor']);
  });
});
