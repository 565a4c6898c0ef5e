import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { SlowOrigins } from './slow-origins.js';

const prepare = () => {
  const clock = new FakeClock();
  return { clock, origins: new SlowOrigins({ clock, slowMs: 2_000, rememberMs: 60_000 }) };
};

describe('a receiver', () => {
  it('is slow for a while after it took long, whatever it answered', () => {
    const { clock, origins } = prepare();
    origins.note('http://a', 1_999);
    origins.note('http://b', 2_000);
    expect(origins.names).toEqual(['http://b']);
    clock.advance(59_999);
    expect(origins.has('http://b')).toBe(true);
    clock.advance(1);
    expect([origins.has('http://b'), origins.names]).toEqual([false, []]);
  });

  it('is slow no more once it was quick', () => {
    const { origins } = prepare();
    origins.note('http://a', 15_000);
    origins.note('http://a', 10);
    expect(origins.has('http://a')).toBe(false);
  });

  it('is remembered with a thousand others, the latest ones', () => {
    const { origins } = prepare();
    for (let number = 0; number < 1_500; number++) origins.note(`http://${number}`, 15_000);
    expect([origins.names.length, origins.has('http://499'), origins.has('http://500')]).toEqual([1_000, false, true]);
  });
});
