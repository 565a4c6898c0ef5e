import { describe, expect, it } from '@jest/globals';
import { isValidPattern, matchesSubject, patternsOverlap, splitSubject } from './subject.js';

describe('a subject pattern', () => {
  it.each([
    ['a.b', 'a.b', true],
    ['a.b', 'a.c', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a.b.c', false],
    ['a.*.c', 'a.b.c', true],
    ['a.>', 'a.b.c', true],
    ['a.>', 'a', false],
    ['>', 'a', true],
    ['a.b.c', 'a.b', false],
  ])('%s and the subject %s match: %s', (pattern, subject, expected) => {
    expect(matchesSubject(splitSubject(pattern), splitSubject(subject))).toBe(expected);
  });

  it.each([
    ['a.*', '*.b', true],
    ['a.b', 'a.c', false],
    ['a.>', 'a.*.c', true],
    ['a.>', 'b.>', false],
    ['a.*', 'a.*.c', false],
  ])('%s and the pattern %s share a subject: %s', (left, right, expected) => {
    expect(patternsOverlap(splitSubject(left), splitSubject(right))).toBe(expected);
    expect(patternsOverlap(splitSubject(right), splitSubject(left))).toBe(expected);
  });

  it.each(['', 'a..b', '.a', 'a.', '>.a'])('"%s" is refused', (pattern) => {
    expect(isValidPattern(splitSubject(pattern))).toBe(false);
  });
});
