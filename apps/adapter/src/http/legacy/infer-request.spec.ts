import { describe, expect, it } from '@jest/globals';
import { parseJsonRequest, sessionOf } from './infer-request.js';

const uri = 'opennvr://frames/camera_0/latest.jpg';
const refusal = (body: unknown) => {
  try {
    parseJsonRequest(body);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('accepted');
};

describe('parseJsonRequest', () => {
  it('reads "data" as the documentation sends it and "input" as the code base sends it, and prefers "input"', () => {
    const frame = { frame: { uri } };
    const expected = { task: 'person_counting', data: frame, files: new Map() };
    expect(parseJsonRequest({ task: 'person_counting', data: frame })).toEqual(expected);
    expect(parseJsonRequest({ task: 'person_counting', input: frame })).toEqual(expected);
    expect(parseJsonRequest({ task: 'person_counting', input: frame, data: { frame: { uri: 'other' } } })).toEqual(expected);
  });

  it('takes the session from the caller, before the camera', () => {
    const session = (extra: object) => sessionOf(extra as Record<string, unknown>);
    expect(session({ camera_id: 7 })).toBe('camera:7');
    expect(session({ camera_id: 'gate', session: 'mine' })).toBe('session:mine');
  });

  it.each([
    [null],
    ['text'],
    [[]],
    [{}],
    [{ task: 'person_counting' }],
    [{ task: '', data: {} }],
    [{ task: 1, data: {} }],
    [{ task: 'person_counting', data: null }],
  ])('says what is missing of %j', (body) => {
    expect(refusal(body)).toBe("Missing 'task' or 'input'");
  });

  it('refuses a session or camera of another shape', () => {
    expect(() => sessionOf({ session: 'x'.repeat(129) })).toThrow('session');
    expect(() => sessionOf({ camera_id: { $ne: 1 } })).toThrow('camera_id');
    expect(sessionOf({})).toBeUndefined();
  });

  it('refuses an input that is no object', () => {
    expect(refusal({ task: 't', data: [1] })).toContain('must be an object');
    expect(refusal({ task: 't', input: 'text' })).toContain('must be an object');
  });
});
