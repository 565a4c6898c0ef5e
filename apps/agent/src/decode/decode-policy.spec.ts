import { describe, expect, it } from '@jest/globals';
import { DecodePolicy } from './decode-policy.js';

const minuteMs = 60_000;

function policy(idleAfterMs = minuteMs): DecodePolicy {
  const made = new DecodePolicy({ idleAfterMs });
  made.want('motion', 0);
  return made;
}

/** A policy that has gone idle, at one minute. */
function idlePolicy(): DecodePolicy {
  const made = policy();
  made.tick(minuteMs);
  return made;
}

describe('how much is decoded', () => {
  it('is nothing before somebody wants it, everything at first, and nothing when nobody does any more', () => {
    const made = new DecodePolicy({ idleAfterMs: minuteMs });
    expect(made.current.state).toBe('off');
    expect(made.happens('unit_jump', 0)).toBe(false);
    expect(made.want('motion', 0)).toBe(true);
    expect(made.current).toEqual({ state: 'active', reason: 'started' });
    expect(made.want('nothing', 1)).toBe(true);
    expect(made.current).toEqual({ state: 'off', reason: 'nobody_wants_it' });
  });

  it('is key frames after a quiet minute, counted from the last motion or track', () => {
    const made = policy();
    made.happens('motion', 30_000);
    expect(made.tick(minuteMs)).toBe(false);
    made.happens('track', 40_000);
    expect(made.tick(99_999)).toBe(false);
    expect(made.tick(100_000)).toBe(true);
    expect(made.current).toEqual({ state: 'idle', reason: 'quiet' });
  });

  it.each(['motion', 'lighting', 'track', 'unit_jump'] as const)('is everything again on %s', (activity) => {
    const made = idlePolicy();
    expect(made.happens(activity, 61_000)).toBe(true);
    expect(made.current).toEqual({ state: 'active', reason: activity });
  });

  it('is everything for a minute on each connection, which may take its time to come', () => {
    const made = policy();
    expect(made.connected(50_000)).toBe(false);
    expect(made.tick(100_000)).toBe(false);
    expect(made.tick(110_000)).toBe(true);
    expect(made.connected(200_000)).toBe(true);
    expect(made.current).toEqual({ state: 'active', reason: 'started' });
  });

  it('is key frames again after seconds when pictures do not show what sizes told, and after a minute when they do', () => {
    const mistaken = idlePolicy();
    mistaken.happens('unit_jump', 61_000);
    mistaken.happens('unit_jump', 66_000);
    expect(mistaken.tick(67_000)).toBe(true);
    expect(mistaken.current).toEqual({ state: 'idle', reason: 'false_jump' });

    const confirmed = idlePolicy();
    confirmed.happens('unit_jump', 61_000);
    confirmed.happens('motion', 62_000);
    expect(confirmed.tick(100_000)).toBe(false);
    expect(confirmed.tick(122_000)).toBe(true);
  });

  it('is everything for as long as somebody wants every frame, and a minute longer', () => {
    const made = idlePolicy();
    made.want('everything', minuteMs);
    expect(made.tick(10 * minuteMs)).toBe(false);
    made.want('motion', 10 * minuteMs);
    expect(made.tick(10.5 * minuteMs)).toBe(false);
    expect(made.tick(11 * minuteMs)).toBe(true);
  });

  it('remembers since when it is so, and what woke it last', () => {
    const made = idlePolicy();
    expect(made.lastWake).toEqual({ state: 'active', reason: 'started', atMs: 0 });
    made.happens('unit_jump', 61_000);
    made.happens('motion', 62_000);
    expect(made.lastWake).toEqual({ state: 'active', reason: 'motion', atMs: 61_000 });
    made.tick(3 * minuteMs);
    expect(made.dated).toEqual({ state: 'idle', reason: 'quiet', atMs: 3 * minuteMs });
    expect(made.lastWake?.atMs).toBe(61_000);
  });

  it('is always everything where it is told never to idle', () => {
    expect(policy(0).tick(100 * minuteMs)).toBe(false);
  });
});
