import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { LoginLimiter } from './login-limiter.js';

const attempt = { username: 'admin', address: '10.0.0.1' };

function limited(limiter: LoginLimiter, attempts: number, of = attempt): boolean[] {
  return Array.from({ length: attempts }, () => {
    try {
      limiter.countAttempt(of);
      return false;
    } catch {
      return true;
    }
  });
}

describe('attempts to log in', () => {
  it('are five a minute for one user from one address', () => {
    const clock = new FakeClock();
    const limiter = new LoginLimiter(clock);
    expect(limited(limiter, 6)).toEqual([false, false, false, false, false, true]);
    clock.advance(59_000);
    expect(() => limiter.countAttempt(attempt)).toThrow(expect.objectContaining({ code: 'rate_limited', retryAfterMs: 1_000 }));
    clock.advance(1_000);
    expect(limited(limiter, 1)).toEqual([false]);
  });

  it('are free again after a success', () => {
    const limiter = new LoginLimiter(new FakeClock());
    for (let round = 0; round < 30; round++) {
      limiter.countAttempt(attempt);
      limiter.recordSuccess(attempt);
    }
    expect(limited(limiter, 5)).toEqual([false, false, false, false, false]);
  });

  it('are twenty a minute from one address, whatever the users', () => {
    const limiter = new LoginLimiter(new FakeClock());
    const perUser = Array.from({ length: 25 }, (_, index) => limited(limiter, 1, { username: `user-${index}`, address: '10.0.0.1' })[0]);
    expect(perUser.filter((isLimited) => isLimited === false)).toHaveLength(20);
    expect(limited(limiter, 1, { username: 'user-0', address: '10.0.0.2' })).toEqual([false]);
  });

  it('count for a whole IPv6 network of a subscriber', () => {
    const limiter = new LoginLimiter(new FakeClock());
    const fromHosts = Array.from(
      { length: 6 },
      (_, host) => limited(limiter, 1, { username: 'admin', address: `2001:db8:1:2:${host}::1` })[0],
    );
    expect(fromHosts.at(-1)).toBe(true);
  });

  it('are forgotten, the oldest first, when too many addresses try: memory is bounded', () => {
    const limiter = new LoginLimiter(new FakeClock());
    limited(limiter, 5);
    for (let host = 0; host < 10_000; host++) limiter.countAttempt({ username: 'admin', address: `10.1.${host >> 8}.${host & 255}` });
    expect(limited(limiter, 1)).toEqual([false]);
  });
});
