import { describe, expect, it } from '@jest/globals';
import { FrameResolver } from './frame-resolver.js';
import { FramesDirectory } from './frames-directory.js';
import { readFrames } from './read-frames.js';

const frames = new FrameResolver({ directory: new FramesDirectory('/nonexistent', 1_000), bus: undefined, allowed: undefined });
const read = (data: Record<string, unknown>, files = new Map<string, Uint8Array>(), fields = ['frame']) =>
  readFrames({ fields, data, files }, { frames, timeoutMs: 60_000, caller: { signal: new AbortController().signal } });

describe('readFrames', () => {
  it('decodes a picture in base64', async () => {
    const { pictures, camera } = await read({ frame: { base64: 'AQID' } });
    expect(pictures.get('frame')).toEqual(Buffer.from([1, 2, 3]));
    expect(camera).toBeUndefined();
  });

  it('takes the only file whatever its name, and two files by theirs', async () => {
    const one = new Map([['image', Uint8Array.of(1)]]);
    expect((await read({}, one)).pictures.get('frame')).toEqual(Uint8Array.of(1));
    const two = new Map([
      ['frame2', Uint8Array.of(2)],
      ['frame1', Uint8Array.of(1)],
    ]);
    expect([...(await read({}, two, ['frame1', 'frame2'])).pictures]).toEqual([
      ['frame1', Uint8Array.of(1)],
      ['frame2', Uint8Array.of(2)],
    ]);
  });

  it.each([
    [{ frame: {} }, 'either "uri" or "base64" is needed'],
    [{ frame: { uri: 'opennvr://a/b.jpg', base64: 'AQID' } }, 'either "uri" or "base64" is needed'],
    [{ frame: { uri: 7 } }, 'uri'],
    [{ frame: { base64: 'not base64!' } }, 'not base64'],
    [{ frame: { uri: 'file:///etc/passwd' } }, 'Invalid frame URI'],
    [{}, "Missing 'frame'"],
    [{ frame: null }, "Missing 'frame'"],
  ])('says what is wrong with %j', async (data, text) => {
    await expect(read(data)).rejects.toThrow(text);
  });

  it('does not take a prototype’s property for a picture', async () => {
    await expect(read({}, new Map(), ['constructor'])).rejects.toThrow("Missing 'constructor'");
  });
});
