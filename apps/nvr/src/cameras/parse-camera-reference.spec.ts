import { describe, expect, it } from '@jest/globals';
import { parseCameraReference, problemWithFramesName } from './parse-camera-reference.js';

describe('a reference to a camera', () => {
  it.each(['7', 'cam7', 'cam-7'])('is the id in the form %p', (text) => {
    expect(parseCameraReference(text)).toEqual({ kind: 'id', id: 7 });
  });

  it.each(['camera_0', 'front-door', 'cam', 'cam-', 'cam_7', '007', '0', 'cam0', '-1', '__proto__', 'constructor'])(
    'is a frames name when it is %p',
    (text) => {
      expect(parseCameraReference(text)).toEqual({ kind: 'frames_name', framesName: text });
    },
  );

  it.each(['', '1.5', '2147483648', '99999999999999999999', 'a b', '../1', '1/2', 'ü', 'cam 1', 'a'.repeat(65), '1\n'])(
    'is nothing when it is %p',
    (text) => {
      const parsed = parseCameraReference(text);
      expect(parsed === undefined || (parsed.kind === 'frames_name' && /^\d+$/.test(text))).toBe(true);
    },
  );
});

describe('a frames name that somebody chose', () => {
  it.each(['front-door', 'Yard_2', 'camera_north'])('may be %p', (name) => {
    expect(problemWithFramesName(name)).toBeUndefined();
  });

  it.each(['12', 'cam12', 'cam-12', 'camera_12', 'segments', 'files', 'frames', 'audio'])('may not be %p', (name) => {
    expect(problemWithFramesName(name)).toEqual(expect.any(String));
  });
});
