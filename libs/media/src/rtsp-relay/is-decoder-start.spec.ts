import { describe, expect, it } from '@jest/globals';
import { isDecoderStart } from './is-decoder-start.js';

const header = [0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1];
const rtp = (...payload: number[]) => Buffer.from([...header, ...payload]);

describe('a packet of H.264 that a decoder can begin with', () => {
  it.each([
    ['a key frame', rtp(0x65, 1, 2), true],
    ['parameter sets', rtp(0x67, 1, 2), true],
    ['several NAL units, a key frame among them', rtp(0x78, 0, 2, 0x09, 1, 0, 2, 0x65, 1), true],
    ['the first part of a key frame', rtp(0x7c, 0x85, 1), true],
    ['a recovery point', rtp(0x06, 6, 1, 0, 0x80), true],
    ['a later part of a key frame', rtp(0x7c, 0x05, 1), false],
    ['another picture', rtp(0x41, 1, 2), false],
    ['the first part of another picture', rtp(0x7c, 0x81, 1), false],
    ['several NAL units without a key frame', rtp(0x78, 0, 2, 0x09, 1, 0, 2, 0x41, 1), false],
    ['lengths that lie', rtp(0x78, 0xff, 0xff, 0x65, 1), false],
    ['nothing', rtp(), false],
  ])('%s', (_what, packet, is) => {
    expect(isDecoderStart(packet, 'h264')).toBe(is);
  });

  it('is found behind sources and an extension of the header', () => {
    const long = Buffer.from([0x91, ...header.slice(1), 1, 1, 1, 1, 0xbe, 0xde, 0, 1, 9, 9, 9, 9, 0x65, 1]);
    expect(isDecoderStart(long, 'h264')).toBe(true);
  });
});

describe('a packet of H.265 that a decoder can begin with', () => {
  it.each([
    ['a key frame', rtp(0x26, 1, 2), true],
    ['parameter sets', rtp(0x42, 1, 2), true],
    ['the first part of a key frame', rtp(0x62, 1, 0x93, 1), true],
    ['another picture', rtp(0x02, 1, 2), false],
  ])('%s', (_what, packet, is) => {
    expect(isDecoderStart(packet, 'hevc')).toBe(is);
  });
});
