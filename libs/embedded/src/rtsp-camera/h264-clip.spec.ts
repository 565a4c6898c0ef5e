import { describe, expect, it } from '@jest/globals';
import { isKeyFrame, splitNalUnits } from './h264-clip.js';

describe('an H.264 byte stream', () => {
  it('is cut at start codes of three bytes and of four', () => {
    const stream = Buffer.from([0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 3, 1, 0, 0, 0, 1, 0x65, 9]);
    expect(splitNalUnits(stream)).toEqual([Buffer.from([0x67, 1]), Buffer.from([0x68, 2, 0, 0, 3, 1]), Buffer.from([0x65, 9])]);
  });

  it('has no units when it is something else', () => {
    expect(splitNalUnits(Buffer.from('not a video'))).toEqual([]);
  });

  it('can be decoded from a frame with an IDR slice on', () => {
    expect(isKeyFrame([Buffer.from([0x67]), Buffer.from([0x65])])).toBe(true);
    expect(isKeyFrame([Buffer.from([0x41])])).toBe(false);
  });
});
