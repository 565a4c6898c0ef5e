import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { BodyMemory } from './body-memory.js';

const mebibyte = 1024 ** 2;

describe('BodyMemory', () => {
  it('frees what it owns at once, without the garbage collector', async () => {
    const memory = new BodyMemory();
    for (let count = 0; count < 32; count++) memory.own(Buffer.allocUnsafeSlow(mebibyte));
    const taken = process.memoryUsage().arrayBuffers;
    memory.giveBack();
    await setImmediate();
    expect(taken - process.memoryUsage().arrayBuffers).toBeGreaterThan(31 * mebibyte);
  });

  it('leaves nothing to be seen in what was given back', () => {
    const memory = new BodyMemory();
    const owned = Buffer.alloc(mebibyte, 'a picture');
    const view = owned.subarray(100, 200);
    memory.own(owned);
    expect(view.toString()).toContain('picture');
    memory.giveBack();
    expect([owned.length, view.length]).toEqual([0, 0]);
  });

  it('leaves memory alone that others look at too, and what is small', () => {
    const memory = new BodyMemory();
    const shared = Buffer.alloc(mebibyte, 'shared');
    const small = Buffer.allocUnsafeSlow(1_000).fill('small');
    const unowned = Buffer.alloc(mebibyte, 'unowned');
    memory.own(shared.subarray(0, mebibyte - 1));
    memory.own(shared.subarray(1));
    memory.own(small);
    memory.giveBack();
    expect([shared, small, unowned].map(({ length }) => length)).toEqual([mebibyte, 1_000, mebibyte]);
  });

  it('gives back once, and not what went to another thread meanwhile', () => {
    const memory = new BodyMemory();
    const gone = Buffer.allocUnsafeSlow(mebibyte);
    const here = Buffer.allocUnsafeSlow(mebibyte);
    memory.own(gone);
    memory.own(here);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    memory.giveBack();
    expect(here.length).toBe(0);
    expect(() => memory.giveBack()).not.toThrow();
  });
});
