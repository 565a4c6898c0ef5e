import { describe, expect, it } from '@jest/globals';
import { NewestSlot } from './newest-slot.js';

const never = new AbortController().signal;

describe('NewestSlot', () => {
  it('gives the newest item and counts the ones that it replaced', async () => {
    const slot = new NewestSlot<number>();
    for (const item of [1, 2, 3]) slot.offer(item);
    expect(await slot.take(0, never)).toBe(3);
    expect(slot.dropped).toBe(2);
  });

  it('wakes the consumer that waits', async () => {
    const slot = new NewestSlot<number>();
    const taken = slot.take(1_000, never);
    slot.offer(7);
    expect(await taken).toBe(7);
  });

  it('gives nothing after the wait, or when the consumer stops', async () => {
    const slot = new NewestSlot<number>();
    expect(await slot.take(1, never)).toBeUndefined();
    const stopping = new AbortController();
    const taken = slot.take(60_000, stopping.signal);
    stopping.abort();
    expect(await taken).toBeUndefined();
    slot.offer(1);
    expect(await slot.take(60_000, stopping.signal)).toBeUndefined();
  });
});
