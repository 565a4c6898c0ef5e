import { describe, expect, it } from '@jest/globals';
import { VerifiedTokens } from './verified-tokens.js';

const claims = { sub: 'admin' };
const verified = { claims, key: 'key', expiresAtUnixSeconds: 100 };

describe('a token that was verified', () => {
  it('is known by the same key until the second in which it expires', () => {
    let nowUnixMs = 99_999;
    const tokens = new VerifiedTokens<typeof claims>({ nowUnixMs: () => nowUnixMs });
    tokens.remember('token', verified);
    expect(tokens.find('token', 'key')).toBe(claims);
    nowUnixMs = 100_000;
    expect(tokens.find('token', 'key')).toBeUndefined();
  });

  it('is unknown by another key, and one that differs in a letter is unknown', () => {
    const tokens = new VerifiedTokens<typeof claims>({ nowUnixMs: () => 0 });
    tokens.remember('token', verified);
    expect([tokens.find('token', 'other key'), tokens.find('tokem', 'key')]).toEqual([undefined, undefined]);
  });

  it('is not remembered when it never expires', () => {
    const tokens = new VerifiedTokens<typeof claims>({ nowUnixMs: () => 0 });
    tokens.remember('token', { ...verified, expiresAtUnixSeconds: undefined });
    expect(tokens.find('token', 'key')).toBeUndefined();
  });

  it('is forgotten with all others when there are too many', () => {
    const tokens = new VerifiedTokens<typeof claims>({ tokensMax: 2, nowUnixMs: () => 0 });
    for (const token of ['a', 'b', 'c']) tokens.remember(token, verified);
    expect(['a', 'b', 'c'].map((token) => tokens.find(token, 'key') !== undefined)).toEqual([false, false, true]);
  });
});
