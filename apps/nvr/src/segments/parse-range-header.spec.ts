import { describe, expect, it } from '@jest/globals';
import { parseRangeHeader } from './parse-range-header.js';

describe('a Range header', () => {
  it('names bytes from, to, and both', () => {
    expect(parseRangeHeader('bytes=0-99', 1_000)).toEqual({ first: 0, last: 99 });
    expect(parseRangeHeader('bytes=900-', 1_000)).toEqual({ first: 900, last: 999 });
    expect(parseRangeHeader('bytes=-100', 1_000)).toEqual({ first: 900, last: 999 });
  });

  it('ends at the end of the file', () => {
    expect(parseRangeHeader('bytes=0-5000', 1_000)).toEqual({ first: 0, last: 999 });
    expect(parseRangeHeader('bytes=-5000', 1_000)).toEqual({ first: 0, last: 999 });
  });

  it('cannot be had beyond the end', () => {
    expect(parseRangeHeader('bytes=1000-', 1_000)).toBe('unsatisfiable');
    expect(parseRangeHeader('bytes=-0', 1_000)).toBe('unsatisfiable');
    expect(parseRangeHeader('bytes=0-', 0)).toBe('unsatisfiable');
  });

  it.each([undefined, '', 'bytes=', 'bytes=-', 'items=0-1', 'bytes=5-2', 'bytes=0-1,4-5', 'bytes=a-b', 'bytes=1-99999999999999999999'])(
    'is ignored when it is %p',
    (header) => {
      expect(parseRangeHeader(header, 1_000)).toBeUndefined();
    },
  );
});
