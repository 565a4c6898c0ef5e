import { describe, expect, it } from '@jest/globals';
import { plateTextOf } from './plate-text.js';

describe('plateTextOf', () => {
  it.each([
    ['B-AB 1234', 'BAB1234'],
    ['ab·123·cd', 'AB123CD'],
    ['7ABC123', '7ABC123'],
    ['京A12345', '京A12345'],
  ])('reads %s as a plate', (line, text) => {
    expect(plateTextOf(line)).toEqual({ text, isUsual: true });
  });

  it.each([['12345'], ['AB1'.padEnd(10, '2')], ['ABC1']])('takes %s for a plate only with a doubt', (line) => {
    expect(plateTextOf(line)?.isUsual).toBe(false);
  });

  it.each([
    ['no digit', 'POLICE'],
    ['too short', 'A1'],
    ['too long', 'ABC123456789'],
    ['a web address', 'www.taxi24.com'],
    ['a phone number with country code', '+49 30 1234'],
    ['a price', '€ 12.50'],
    ['a sentence', 'HOW IS MY DRIVING? CALL 555'],
    ['nothing', ''],
  ])('refuses %s', (_what, line) => {
    expect(plateTextOf(line)).toBeUndefined();
  });
});
