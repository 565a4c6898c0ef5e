import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { BusListeners } from './bus-listeners.js';

describe('listeners that nvr holds', () => {
  it('are told for as long as nvr says, and again when it says so again', () => {
    const clock = new FakeClock();
    const published: unknown[] = [];
    const listeners = new BusListeners({ publish: (_fact, payload) => void published.push(payload) }, clock);
    expect(listeners.listens('a')).toBe(false);
    listeners.hear('a', 10_000);
    expect([listeners.listens('a'), listeners.listens('b')]).toEqual([true, false]);
    const message = { stream_status: 'in_progress' as const, error: null, analytics_results: {} };
    listeners.send('a', message);
    expect(published).toEqual([{ stream_id: 'a', message }]);
    clock.advance(10_001);
    expect(listeners.listens('a')).toBe(false);
    listeners.hear('a', 10_000);
    expect(listeners.listens('a')).toBe(true);
  });

  it('are bounded: no more streams than that are told of, and those that were let go make room', () => {
    const clock = new FakeClock();
    const listeners = new BusListeners({ publish: () => undefined }, clock);
    for (let stream = 0; stream < 1_025; stream++) listeners.hear(String(stream), 10_000);
    expect([listeners.listens('1023'), listeners.listens('1024')]).toEqual([true, false]);
    clock.advance(10_001);
    listeners.hear('1024', 10_000);
    expect(listeners.listens('1024')).toBe(true);
  });
});
