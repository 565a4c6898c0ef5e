import { describe, expect, it } from '@jest/globals';
import { processingBoundSeconds } from './processing-bound.js';

describe('Max-Processing-Time', () => {
  it.each([
    [undefined, undefined],
    ['0', 0],
    ['60', 60],
    ['007', 7],
    ['2147483648', 2_147_483_647],
    ['9'.repeat(400), 2_147_483_647],
  ])('%j means %j s', (header, seconds) => {
    expect(processingBoundSeconds(header)).toBe(seconds);
  });

  it.each(['', ' ', '-1', '1.5', '1e3', '+1', '0x10', '5, 5', 'Infinity', '٣', ['1', '2']])('%j is refused', (header) => {
    expect(() => processingBoundSeconds(header)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });
});
