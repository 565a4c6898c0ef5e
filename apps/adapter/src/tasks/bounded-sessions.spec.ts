import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { BoundedSessions } from './bounded-sessions.js';

function open() {
  const clock = new FakeClock();
  const sessions = new BoundedSessions({ clock, sessionTtlMs: 300_000, capacity: 3, open: () => ({ calls: 0 }) });
  /** How many calls the session has seen, this one included. */
  const call = (key: string | undefined) => {
    clock.advance(1);
    const state = sessions.use(key);
    state.calls++;
    return state.calls;
  };
  return { clock, sessions, call };
}

describe('BoundedSessions', () => {
  it('keeps what each session knows from call to call', () => {
    const { call } = open();
    expect([call('a'), call('b'), call('a'), call('a')]).toEqual([1, 1, 2, 3]);
  });

  it('keeps nothing of a call without a key', () => {
    const { call, sessions } = open();
    expect([call(undefined), call(undefined)]).toEqual([1, 1]);
    expect(sessions.size).toBe(0);
  });

  it('forgets a session that nobody used for its time to live, and only that one', () => {
    const { clock, call, sessions } = open();
    call('a');
    clock.advance(200_000);
    call('b');
    clock.advance(200_000);
    expect(call('b')).toBe(2);
    expect(sessions.size).toBe(1);
    expect(call('a')).toBe(1);
  });

  it('stays bounded: a new session takes the place of the one that was unused longest', () => {
    const { call, sessions } = open();
    for (const key of ['a', 'b', 'c', 'a', 'd']) call(key);
    expect(sessions.size).toBe(3);
    expect([call('a'), call('c'), call('d'), call('b')]).toEqual([3, 2, 2, 1]);
  });

  it('forgets nobody when a session of a full house is used again', () => {
    const { call } = open();
    const keys = ['a', 'b', 'c'];
    for (const key of keys) call(key);
    expect(keys.map(call)).toEqual([2, 2, 2]);
  });

  it('treats names of object properties as plain names', () => {
    const { call } = open();
    expect([call('__proto__'), call('constructor'), call('__proto__')]).toEqual([1, 1, 2]);
  });
});
