import { describe, expect, it } from '@jest/globals';
import { base32, codeOfStep, stepOfCode } from './totp.js';

const secret = Buffer.from('12345678901234567890');

describe('a time-based code', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('is at %i s what RFC 6238 says', (seconds, code) => {
    expect(codeOfStep(secret, BigInt(Math.floor(seconds / 30)))).toBe(code);
    expect(stepOfCode(secret, code, { nowUnixMs: seconds * 1_000, usedStep: null })).toBe(BigInt(Math.floor(seconds / 30)));
  });

  it('counts one step early and late, and no further', () => {
    const at = (step: number) => stepOfCode(secret, codeOfStep(secret, 100n), { nowUnixMs: step * 30_000, usedStep: null });
    expect([98, 99, 100, 101, 102].map(at)).toEqual([undefined, 100n, 100n, 100n, undefined]);
  });

  it('counts once, and none before it counts any more', () => {
    const used = (step: bigint, usedStep: bigint) => stepOfCode(secret, codeOfStep(secret, step), { nowUnixMs: 100 * 30_000, usedStep });
    expect([used(100n, 100n), used(99n, 100n), used(101n, 100n)]).toEqual([undefined, undefined, 101n]);
  });

  it('has a secret that authenticator apps can read (vectors of RFC 4648)', () => {
    expect(['f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map((text) => base32(Buffer.from(text)))).toEqual([
      'MY',
      'MZXQ',
      'MZXW6',
      'MZXW6YQ',
      'MZXW6YTB',
      'MZXW6YTBOI',
    ]);
  });
});
