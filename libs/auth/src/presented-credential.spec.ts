import { describe, expect, it } from '@jest/globals';
import { presentedCredential } from './presented-credential.js';

const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';
const key = (text: string) => ({ kind: 'key', key: text });

describe('the credential of a request', () => {
  it('is a key in its header or behind Bearer, and the header wins', () => {
    expect(presentedCredential({ 'x-api-key': 'nj_a' }, 'x-api-key')).toEqual(key('nj_a'));
    expect(presentedCredential({ authorization: 'Bearer nj_b' }, 'x-api-key')).toEqual(key('nj_b'));
    expect(presentedCredential({ authorization: 'bearer  nj_b' }, 'x-api-key')).toEqual(key('nj_b'));
    expect(presentedCredential({ 'x-api-key': 'nj_a', authorization: `Bearer ${token}` }, 'x-api-key')).toEqual(key('nj_a'));
  });

  it('is a token behind Bearer if it looks like one', () => {
    expect(presentedCredential({ authorization: `Bearer ${token}` }, 'x-api-key')).toEqual({ kind: 'token' });
    expect(presentedCredential({ authorization: 'Bearer a.b.c' }, 'x-api-key')).toEqual(key('a.b.c'));
  });

  it('is looked for in the header of the settings only', () => {
    expect(presentedCredential({ 'x-noxo-key': 'nj_a' }, 'x-noxo-key')).toEqual(key('nj_a'));
    expect(presentedCredential({ 'x-api-key': 'nj_a' }, 'x-noxo-key')).toBeUndefined();
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
    expect(presentedCredential(headers, 'x-api-key')).toBeUndefined();
  });
});
