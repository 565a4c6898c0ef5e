import { describe, expect, it } from '@jest/globals';
import { presentedKey } from './presented-key.js';

describe('the key of a request', () => {
  it('stands in X-API-Key or behind Bearer, and X-API-Key wins', () => {
    expect(presentedKey({ 'x-api-key': 'nj_a' })).toBe('nj_a');
    expect(presentedKey({ authorization: 'Bearer nj_b' })).toBe('nj_b');
    expect(presentedKey({ authorization: 'bearer  nj_b' })).toBe('nj_b');
    expect(presentedKey({ 'x-api-key': 'nj_a', authorization: 'Bearer nj_b' })).toBe('nj_a');
  });

  it.each([
    {},
    { 'x-api-key': '' },
    { authorization: 'Basic dXNlcjpwYXNz' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer a b' },
    { 'x-api-key': 'k'.repeat(257) },
    { 'x-api-key': ['a', 'b'] },
  ])('is none in %j', (headers) => {
    expect(presentedKey(headers)).toBeUndefined();
  });
});
