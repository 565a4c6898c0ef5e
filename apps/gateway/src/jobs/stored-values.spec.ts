import { describe, expect, it } from '@jest/globals';
import { storedError, storedJson, storedText } from './stored-values.js';

describe('values for Postgres', () => {
  it('hold no NUL and no half surrogate pair, at any depth', () => {
    const value = { lines: [{ text: 'a\0b\ud800' }], count: 2, none: null };
    expect(JSON.parse(storedJson(value))).toEqual({ lines: [{ text: 'ab\ufffd' }], count: 2, none: null });
  });

  it('keep text that was fine, backslashes included', () => {
    const text = 'C:\\u0000 🎥 "quoted"\n';
    expect(storedText(text)).toBe(text);
    expect(JSON.parse(storedJson({ text }))).toEqual({ text });
  });

  it('cut an error to its columns', () => {
    const error = storedError({ code: 'c'.repeat(100), message: 'm'.repeat(5_000) });
    expect([error.code.length, error.message.length]).toEqual([64, 1_000]);
  });
});
