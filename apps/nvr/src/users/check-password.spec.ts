import { describe, expect, it } from '@jest/globals';
import { problemWithPassword } from './check-password.js';

describe('a password', () => {
  it.each(['correct horse battery', 'Abcdef12', 'abc-DEF-ghi', 'ÄÖü12345', 'x'.repeat(16)])('may be %j', (password) => {
    expect(problemWithPassword(password, 'somebody')).toBeUndefined();
  });

  it.each([
    ['Ab1-', /8 characters/],
    ['abcdefgh', /needs 3 of/],
    ['abcdefg1', /needs 3 of/],
    ['Somebody-1', /user name/],
    ['a sentence with sOmEbOdY in it', /user name/],
  ])('may not be %j', (password, problem) => {
    expect(problemWithPassword(password, 'somebody')).toMatch(problem);
  });
});
