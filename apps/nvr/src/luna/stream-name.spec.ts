import { describe, expect, it } from '@jest/globals';
import { nameOfStream, ownNameOf } from './stream-name.js';

const yard = { name: 'yard' };

describe('the name of a stream', () => {
  it.each([
    ['of no camera is its own', 'gate', 1, null, 'gate'],
    ['of no camera may be none', '', 2, null, ''],
    ['of a camera that nobody changed is the camera’s', '', 1, yard, 'yard'],
    ['of a camera that nobody changed is the camera’s, whatever a former release wrote down', 'hall', 1, yard, 'yard'],
    ['of a camera that was changed without one is the camera’s', '', 2, yard, 'yard'],
    ['of a camera is its own once it has one', 'gate', 2, yard, 'gate'],
  ])('%s', (_what, name, version, camera, expected) => expect(nameOfStream({ name, version }, camera)).toBe(expected));

  it('is kept unless it is the camera’s', () => {
    expect([ownNameOf('yard', yard), ownNameOf('gate', yard), ownNameOf('gate', null)]).toEqual(['', 'gate', 'gate']);
  });
});
