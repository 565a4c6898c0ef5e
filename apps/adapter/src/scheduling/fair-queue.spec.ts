import type { Lane } from '@nightjar/contracts';
import { describe, expect, it } from '@jest/globals';
import { FairQueue, type FairQueueOptions } from './fair-queue.js';

interface Item {
  readonly name: string;
}

const open = (options: Partial<FairQueueOptions> = {}) =>
  new FairQueue<Item>({ capacity: 100, capacityPerTurn: 50, capacityBytes: Infinity, ...options });
const offer = (queue: FairQueue<Item>, name: string, place: { lane?: Lane; turn: string; sizeBytes?: number }) =>
  queue.offer({ name }, { lane: 'live', sizeBytes: 1, ...place });
const drain = (queue: FairQueue<Item>) => {
  const names: string[] = [];
  for (let next = queue.take(); next; next = queue.take()) names.push(next.name);
  return names;
};

describe('FairQueue', () => {
  it('lets cameras take turns, however many pictures each has', () => {
    const queue = open();
    for (const name of ['a1', 'a2', 'a3']) offer(queue, name, { turn: 'a' });
    offer(queue, 'b1', { turn: 'b' });
    offer(queue, 'c1', { turn: 'c' });
    expect(drain(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'a3']);
  });

  it('serves live before batch, and every fifth time batch before live', () => {
    const queue = open();
    for (let i = 1; i <= 2; i++) offer(queue, `batch${i}`, { lane: 'batch', turn: 'job' });
    for (let i = 1; i <= 9; i++) offer(queue, `live${i}`, { turn: 'camera' });
    expect(drain(queue)).toEqual(['live1', 'live2', 'live3', 'live4', 'batch1', 'live5', 'live6', 'live7', 'live8', 'batch2', 'live9']);
  });

  it('refuses beyond its capacity, and beyond the share of one camera', () => {
    const queue = open({ capacity: 4, capacityPerTurn: 2 });
    const admitted = (name: string, turn: string) => offer(queue, name, { turn }).admitted;
    expect(['a1', 'a2', 'a3'].map((name) => admitted(name, 'a'))).toEqual([true, true, false]);
    expect(['b1', 'b2', 'b3'].map((name) => admitted(name, 'b'))).toEqual([true, true, false]);
    expect(['c1', 'd1'].map((name) => admitted(name, name))).toEqual([true, true]);
    expect(admitted('e1', 'e')).toBe(false);
    expect(queue.size).toBe(4);
  });

  it('keeps a part of itself for each lane, so that neither locks the other out', () => {
    const queue = open({ capacity: 16, capacityPerTurn: 1 });
    const flood = (lane: Lane) => Array.from({ length: 20 }, (_, i) => offer(queue, `${lane}${i}`, { lane, turn: `${i}` }).admitted);
    expect(flood('batch').filter(Boolean)).toHaveLength(8);
    expect(flood('live').filter(Boolean)).toHaveLength(8);
    expect(queue.size).toBe(16);
    const liveFirst = open({ capacity: 16, capacityPerTurn: 1 });
    for (let i = 0; i < 20; i++) offer(liveFirst, `live${i}`, { turn: `${i}` });
    expect(liveFirst.size).toBe(14);
    expect(offer(liveFirst, 'batch', { lane: 'batch', turn: 'job' }).admitted).toBe(true);
  });

  it('makes room for who has less: four greedy clients cannot keep a camera out', () => {
    const queue = open({ capacity: 8, capacityPerTurn: 2 });
    for (const turn of ['a', 'b', 'c', 'd']) for (const i of [1, 2]) offer(queue, `${turn}${i}`, { turn });
    expect(queue.size).toBe(7);
    expect(offer(queue, 'camera1', { turn: 'camera' })).toEqual({ admitted: true, displaced: { name: 'a2' } });
    expect(offer(queue, 'camera2', { turn: 'camera' })).toEqual({ admitted: false });
    expect(drain(queue)).toEqual(['a1', 'b1', 'c1', 'd1', 'camera1', 'b2', 'c2']);
  });

  it('displaces nobody who has no more than the newcomer would have', () => {
    const queue = open({ capacity: 4, capacityPerTurn: 4 });
    for (const turn of ['a', 'b', 'c', 'd']) offer(queue, turn, { turn });
    expect(offer(queue, 'e', { turn: 'e' })).toEqual({ admitted: false });
    expect(offer(queue, 'a2', { turn: 'a' })).toEqual({ admitted: false });
    expect(drain(queue)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('serves every one of a hundred cameras within a hundred turns, whatever a flood of others does', () => {
    const queue = open({ capacity: 200, capacityPerTurn: 50 });
    const served = new Map<string, number>();
    for (let i = 0; i < 50; i++) offer(queue, 'flood', { turn: 'flood' });
    for (let camera = 0; camera < 100; camera++) offer(queue, `camera${camera}`, { turn: `camera${camera}` });
    for (let round = 1; served.size < 101 && round <= 500; round++) {
      // The flood refills what was taken at once.
      for (let i = 0; i < 3; i++) offer(queue, 'flood', { turn: 'flood' });
      const { name } = queue.take()!;
      if (!served.has(name)) served.set(name, round);
    }
    expect(served.size).toBe(101);
    expect(Math.max(...served.values())).toBeLessThanOrEqual(101);
  });

  it('bounds what waits in bytes too, and lets a single big item in', () => {
    const queue = open({ capacityBytes: 100 });
    expect(offer(queue, 'huge', { turn: 'a', sizeBytes: 500 }).admitted).toBe(true);
    expect(offer(queue, 'small', { turn: 'b', sizeBytes: 1 }).admitted).toBe(false);
    queue.take();
    expect(['b1', 'b2', 'b3'].map((name) => offer(queue, name, { turn: 'b', sizeBytes: 40 }).admitted)).toEqual([true, true, false]);
    // What it would displace must free enough.
    expect(offer(queue, 'c1', { turn: 'c', sizeBytes: 61 })).toEqual({ admitted: false });
    expect(offer(queue, 'c1', { turn: 'c', sizeBytes: 60 })).toEqual({ admitted: true, displaced: { name: 'b2' } });
    expect(drain(queue)).toEqual(['b1', 'c1']);
  });

  it('forgets an item that is not wanted any more, and its size', () => {
    const queue = open({ capacityBytes: 10 });
    const unwanted = { name: 'a1' };
    queue.offer(unwanted, { lane: 'live', turn: 'a', sizeBytes: 9 });
    expect(queue.remove(unwanted)).toBe(true);
    expect(queue.remove(unwanted)).toBe(false);
    expect(offer(queue, 'a2', { turn: 'a', sizeBytes: 5 }).admitted).toBe(true);
    expect(offer(queue, 'a3', { turn: 'a', sizeBytes: 5 }).admitted).toBe(true);
    expect(drain(queue)).toEqual(['a2', 'a3']);
    expect(queue.size).toBe(0);
  });

  it('treats names of object properties as any other name', () => {
    const queue = open();
    for (const turn of ['__proto__', 'constructor']) offer(queue, turn, { turn });
    expect(drain(queue)).toEqual(['__proto__', 'constructor']);
  });
});
