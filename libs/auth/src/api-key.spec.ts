import { describe, expect, it } from '@jest/globals';
import { equalSecrets, generateApiKey, hashApiKey, shownPrefix } from './api-key.js';

describe('an API key', () => {
  it('is random, long and recognisable', () => {
    const keys = new Set(Array.from({ length: 200 }, generateApiKey));
    expect(keys.size).toBe(200);
    for (const key of keys) expect(key).toMatch(/^nj_[0-9A-Za-z]{49}$/);
  });

  it('is stored as a hash and shown by its first characters only', () => {
    const key = generateApiKey();
    expect(hashApiKey(key)).toHaveLength(32);
    expect(key.startsWith(shownPrefix(key))).toBe(true);
    expect(shownPrefix(key)).toHaveLength(11);
  });

  it('equals itself and nothing else, whatever the lengths', () => {
    expect(equalSecrets('abc', 'abc')).toBe(true);
    expect(equalSecrets('abc', 'abcd')).toBe(false);
    expect(equalSecrets('', 'a')).toBe(false);
  });
});
