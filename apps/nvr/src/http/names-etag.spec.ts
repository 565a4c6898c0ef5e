import { describe, expect, it } from '@jest/globals';
import { namesEtag } from './names-etag.js';

describe('If-None-Match', () => {
  it.each(['"a-1"', ' "a-1" ', 'W/"a-1"', '"b", "a-1"', '"b",W/"a-1","c"', '*', ' * '])('names the tag: %s', (header) => {
    expect(namesEtag(header, '"a-1"')).toBe(true);
  });

  it.each([undefined, '', 'a-1', '"a-12"', '"A-1"', '"*"', '"b", "c"', '"a-1'])('names another one, or none: %s', (header) => {
    expect(namesEtag(header, '"a-1"')).toBe(false);
  });
});
