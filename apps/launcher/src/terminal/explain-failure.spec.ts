import { describe, expect, it } from '@jest/globals';
import { AppError, SettingsError } from '@nightjar/runtime';
import { explainFailure } from './explain-failure.js';

const coded = (code: string, message = code): Error => Object.assign(new Error(message), { code });

describe('the line that tells why nothing runs', () => {
  it.each([
    [
      'a full disk, however deep it is',
      new AppError('unavailable', 'initdb failed', { cause: coded('ENOSPC') }),
      /^the disk of \/data is full: free some space/,
    ],
    [
      'a full disk that a program reports',
      new AppError('unavailable', 'initdb failed: could not write: No space left on device'),
      /^the disk of \/data is full/,
    ],
    ['a missing right', Object.assign(coded('EACCES'), { path: '/data/logs' }), /^no right to use \/data\/logs: check its owner and mode/],
    ['a wrong setting', new SettingsError('NVR_PORT: must be a number'), /^NVR_PORT: must be a number$/],
    ['a failure of ours', new AppError('conflict', 'port 8080 is taken'), /^port 8080 is taken$/],
    ['something unforeseen', new TypeError('x is\n  not a function'), /^TypeError: x is \| not a function$/],
    ['something that is no error', 'odd', /^odd$/],
  ])('is about %s', (_case, error, expected) => {
    expect(explainFailure(error, '/data')).toMatch(expected);
  });

  it('shows no credentials', () => {
    expect(explainFailure(new Error('connect to postgresql://u:secret@host/db failed'))).not.toContain('secret');
  });
});
