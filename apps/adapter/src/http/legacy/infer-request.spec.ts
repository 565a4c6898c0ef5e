import { describe, expect, it } from '@jest/globals';
import { parseJsonRequest } from './infer-request.js';

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
    const expected = { task: 'person_counting', picture: { uri }, session: undefined };
    expect(parseJsonRequest({ task: 'person_counting', data: frame })).toEqual(expected);
    expect(parseJsonRequest({ task: 'person_counting', input: frame })).toEqual(expected);
    expect(parseJsonRequest({ task: 'person_counting', input: frame, data: { frame: { uri: 'other' } } })).toEqual(expected);
  });

  it('decodes a picture in base64', () => {
    const { picture } = parseJsonRequest({ task: 'person_counting', data: { frame: { base64: 'AQID' } } });
    expect(picture).toEqual({ bytes: Buffer.from([1, 2, 3]) });
  });

  it('takes the session from the caller, before the camera', () => {
    const session = (extra: object) => parseJsonRequest({ task: 't', data: { frame: { uri }, ...extra } }).session;
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

  it.each([
    [{ frame: {} }, 'either "uri" or "base64" is needed'],
    [{ frame: { uri, base64: 'AQID' } }, 'either "uri" or "base64" is needed'],
    [{ frame: { uri: 7 } }, 'frame.uri'],
    [{}, 'frame'],
    [{ frame: { uri }, session: 'x'.repeat(129) }, 'session'],
    [{ frame: { uri }, camera_id: { $ne: 1 } }, 'camera_id'],
  ])('names the field that is wrong in %j', (data, text) => {
    expect(refusal({ task: 'person_counting', data })).toContain(text);
  });
});
