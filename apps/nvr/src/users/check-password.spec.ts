import { describe, expect, it } from '@jest/globals';
import { defaultSignInPolicy as rules } from '../auth/sign-in-policies.js';
import { problemWithPassword } from './check-password.js';

const somebody = { username: 'somebody', email: 'sam.body@example.org' };

describe('a password', () => {
  it.each(['correct horse battery', 'Abcdef12', 'abc-DEF-ghi', 'ÄÖü12345', 'x'.repeat(16)])('may be %j', (password) => {
    expect(problemWithPassword(password, somebody, rules)).toBeUndefined();
  });

  it.each([
    ['Ab1-', /8 characters/],
    ['abcdefgh', /needs 3 of/],
    ['abcdefg1', /needs 3 of/],
    ['Somebody-1', /user name/],
    ['a sentence with sOmEbOdY in it', /user name/],
    ['Sam.Body-2000', /e-mail/],
  ])('may not be %j', (password, problem) => {
    expect(problemWithPassword(password, somebody, rules)).toMatch(problem);
  });

  it('is held to the rules that an admin made', () => {
    const strict = { passwordLengthMin: 20, passwordKindsMin: 4, refusesUsername: false, passphraseLength: null };
    expect(problemWithPassword('correct horse battery', somebody, strict)).toMatch(/needs 4 of/);
    expect(problemWithPassword('Abcdef-12', somebody, strict)).toMatch(/20 characters/);
    expect(problemWithPassword('Somebody is here at 9', somebody, strict)).toBeUndefined();
  });

  it('may contain a name that is too short to mean anything', () => {
    expect(problemWithPassword('Abcdef12', { username: 'b' }, rules)).toBeUndefined();
  });
});
