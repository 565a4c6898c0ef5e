import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { LoginLimiter } from './login-limiter.js';

const address = '10.0.0.1';

function limited(limiter: LoginLimiter, attempts: number, from = address): boolean[] {
  return Array.from({ length: attempts }, () => {
    try {
      limiter.countAttempt(from);
      return false;
    } catch {
      return true;
    }
  });
}
const admitted = (limiter: LoginLimiter, attempts: number, from = address) =>
  limited(limiter, attempts, from).filter((isLimited) => !isLimited).length;

describe('attempts to log in', () => {
  it('are twenty a minute from one address, whatever the users', () => {
    const clock = new FakeClock();
    const limiter = new LoginLimiter(clock);
    expect(admitted(limiter, 25)).toBe(20);
    expect(admitted(limiter, 1, '10.0.0.2')).toBe(1);
    clock.advance(59_000);
    expect(() => limiter.countAttempt(address)).toThrow(expect.objectContaining({ code: 'rate_limited', retryAfterMs: 1_000 }));
    clock.advance(1_000);
    expect(admitted(limiter, 25)).toBe(20);
  });

  it('are free again after a success', () => {
    const limiter = new LoginLimiter(new FakeClock());
    for (let round = 0; round < 30; round++) {
      limiter.countAttempt(address);
      limiter.takeBack(address);
    }
    expect(admitted(limiter, 25)).toBe(20);
  });

  it.each([
    ['written out', (host: number) => `2001:db8:1:2:${host}::1`],
    ['with its zeros left out', (host: number) => `2001:db8::${host}`],
    ['as a socket gives IPv4', () => '::ffff:10.0.0.9'],
  ])('count for a whole IPv6 network of a subscriber: %s', (_name, addressOf) => {
    const limiter = new LoginLimiter(new FakeClock());
    const fromHosts = Array.from({ length: 21 }, (_, host) => limited(limiter, 1, addressOf(host + 1))[0]);
    expect(fromHosts.indexOf(true)).toBe(20);
  });

  it('are counted apart for networks that only look alike', () => {
    const limiter = new LoginLimiter(new FakeClock());
    expect(admitted(limiter, 20, '2001:db8::1')).toBe(20);
    expect(admitted(limiter, 1, '2001:db8:0:1::1')).toBe(1);
  });

  it('are forgotten, the oldest first, when too many addresses try: memory is bounded', () => {
    const limiter = new LoginLimiter(new FakeClock());
    limited(limiter, 20);
    for (let host = 0; host < 10_000; host++) limiter.countAttempt(`10.1.${host >> 8}.${host & 255}`);
    expect(admitted(limiter, 1)).toBe(1);
  });
});
