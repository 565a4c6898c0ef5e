import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ByteRoom } from './byte-room.js';

const open = new AbortController().signal;

describe('ByteRoom', () => {
  let room: ByteRoom;
  let entered: string[];
  beforeEach(() => {
    jest.useFakeTimers();
    room = new ByteRoom({ capacityBytes: 64, waitMs: 1_000 });
    entered = [];
  });
  afterEach(() => void jest.useRealTimers());

  const take = async (name: string, sizeBytes: number, { isHolder = false, signal = open } = {}) => {
    await room.take(sizeBytes, { isHolder, signal });
    entered.push(name);
  };
  const settled = async () => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    return entered;
  };

  it('lets in what fits, and the others as they came: a small one does not overtake', async () => {
    for (const [name, sizeBytes] of [
      ['a', 32],
      ['b', 32],
      ['c', 32],
      ['d', 1],
    ] as const)
      void take(name, sizeBytes);
    expect(await settled()).toEqual(['a', 'b']);
    room.giveBack(31);
    expect(await settled()).toEqual(['a', 'b']);
    room.giveBack(1);
    expect(await settled()).toEqual(['a', 'b', 'c']);
    room.giveBack(32);
    expect(await settled()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('tells who waited too long to come again, and who stands behind may enter', async () => {
    await take('a', 40);
    const late = take('b', 40);
    jest.advanceTimersByTime(500);
    void take('c', 20);
    jest.advanceTimersByTime(500);
    await expect(late).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1_000 });
    expect(await settled()).toEqual(['a', 'c']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('forgets who goes away', async () => {
    await take('a', 64);
    const caller = new AbortController();
    const left = take('b', 64, { signal: caller.signal });
    caller.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    await expect(take('b', 1, { signal: caller.signal })).rejects.toThrow('gone');
    room.giveBack(64);
    void take('c', 64);
    expect(await settled()).toEqual(['a', 'c']);
  });

  it('lets one of those that have some go first, and refuses a second, which would wait for the first for ever', async () => {
    await take('a', 32);
    await take('b', 32);
    void take('c', 32);
    void take('a again', 32, { isHolder: true });
    await expect(take('b again', 32, { isHolder: true })).rejects.toMatchObject({ code: 'overloaded' });
    room.giveBack(32);
    expect(await settled()).toEqual(['a', 'b', 'a again']);
    room.giveBack(64);
    expect(await settled()).toEqual(['a', 'b', 'a again', 'c']);
  });
});
