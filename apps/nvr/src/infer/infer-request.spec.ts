import { describe, expect, it } from '@jest/globals';
import { adapterBody, readInferRequest } from './infer-request.js';

const ours = { name: 'yolov8', url: 'http://a', ownTask: 'object_detection' };
const theirs = { name: 'bytetrack', url: 'http://b', ownTask: undefined };
const user = { adapter: ours, isTrusted: false };
const service = { adapter: ours, isTrusted: true };
const sent = (body: object, options = user, picture?: Buffer) =>
  JSON.parse(adapterBody(readInferRequest(body, options), options.adapter, picture).toString()) as object;

describe('a request for inference', () => {
  it('goes on as it came, with the task of the name where it names none', () => {
    expect(sent({ frame_b64: 'AA==', camera_id: 'cam1', classes: ['car'] })).toEqual({
      frame_b64: 'AA==',
      camera_id: 'cam1',
      classes: ['car'],
      task: 'object_detection',
    });
    expect(sent({ frame_b64: 'AA==', task: 'face_detection' })).toEqual({ frame_b64: 'AA==', task: 'face_detection' });
    expect(sent({ frame_b64: 'AA==' }, { adapter: { ...ours, ownTask: null as never }, isTrusted: false })).toEqual({ frame_b64: 'AA==' });
    expect(sent({ detections: [] }, { adapter: theirs as never, isTrusted: false })).toEqual({ detections: [] });
  });

  it('asks for the newest picture with a camera alone, of our adapter', () => {
    expect(readInferRequest({ camera_id: 7 }, user)).toMatchObject({ camera: '7', wantsPicture: true });
    expect(readInferRequest({ camera_id: 7, frame_b64: 'AA==' }, user).wantsPicture).toBe(false);
    expect(readInferRequest({ camera_id: 7, detections: [] }, { adapter: theirs, isTrusted: false }).wantsPicture).toBe(false);
    expect(sent({ camera_id: 7 }, user, Buffer.from([0]))).toEqual({ camera_id: 7, task: 'object_detection', frame_b64: 'AA==' });
  });

  it.each(['input', 'data', 'frame', 'url'])('does not let users have the adapter open an address (%s)', (field) => {
    const body = { task: 'person_detection', [field]: { frame: { uri: 'opennvr://frames/camera_1/latest.jpg' } } };
    expect(() => readInferRequest(body, user)).toThrow('is not taken here');
    expect(readInferRequest(body, service)).toMatchObject({ wantsPicture: false, fields: body });
  });

  it.each([[[]], ['text'], [null], [{ camera_id: {} }], [{ camera_id: 1.5 }], [{ task: 7 }]])('is refused when it is none: %j', (body) => {
    expect(() => readInferRequest(body, user)).toThrow('the body is not valid');
  });
});
