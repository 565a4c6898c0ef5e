import { describe, expect, it } from '@jest/globals';
import { isStorable, storableJson, storableText } from './storable-text.js';

describe('isStorable', () => {
  it.each([
    ['plain', true],
    ['🚨', true],
    ['a\0b', false],
    ['half \ud83d', false],
    ['\udea8 half', false],
  ])('of %j is %s', (text, expected) => {
    expect(isStorable(text)).toBe(expected);
  });
});

describe('storableText', () => {
  it('cuts between characters and never inside of one', () => {
    expect(storableText('ab🚨🚨', 3)).toBe('ab🚨');
    expect(storableText('🚨🚨🚨', 2)).toBe('🚨🚨');
  });

  it('is without NUL, and has a sign in the place of half a pair', () => {
    expect(storableText('a\0b\ud83d', 9)).toBe('ab\ufffd');
  });
});

describe('storableJson', () => {
  it('holds what can be stored, in names too', () => {
    const given = { 'na\0me': ['x\ud83d', '🚨', { deep: '\udea8' }], '\ud83d': 1 };
    expect(JSON.parse(storableJson(given))).toEqual({ name: ['x\ufffd', '🚨', { deep: '\ufffd' }], '\ufffd': 1 });
  });

  it.each(['C:\\u0000', '\\', '\\\\u0000\0', '"\\ud83d', 'line\nbreak'])('leaves backslashes of a text alone: %j', (text) => {
    expect(JSON.parse(storableJson(text))).toBe(text.replaceAll('\0', ''));
  });
});
