import { describe, expect, it } from '@jest/globals';
import { CameraDecodeView } from '@nightjar/contracts';
import { decodeText } from './decode-words.js';

const report = {
  ...{
    stream_id: '70c75b04-1ec8-4aa1-930c-ddad9e47b54b',
    camera_id: 1,
    state: 'active',
    reason: 'motion',
    since_unix_ms: 1,
    last_wake: null,
  },
  ...{
    connected: true,
    stream: 'sub',
    main_because: null,
    reading: 'direct',
    picture: { w: 640, h: 360 },
    codec: 'h264',
    hardware: 'none',
  },
  ...{ separation: 'separates', motion: 'moving', units: 9, pictures: 3, dropped: { decoder_too_slow: 0, adapter_too_slow: 0 } },
};
const told = (changes: object) =>
  decodeText(CameraDecodeView.parse({ camera_id: 1, agent_id: 'a', reason: null, decoding: { ...report, ...changes } }));

describe('what is said of the decoding of a camera', () => {
  it('is how much, of which stream, and why', () => {
    expect(told({})).toBe('Of its substream, 640 × 360: everything is decoded, since something moves.');
    expect(told({ stream: 'main' })).toContain('Of its only stream');
    expect(told({ connected: false })).toBe('Of its substream: nothing comes just now.');
  });

  it('names what keeps it from the substream, what woke it last, and what was left out', () => {
    const text = told({
      ...{
        state: 'idle',
        reason: 'quiet',
        stream: 'main',
        main_because: 'the substream fails: no frame for 15 s',
        separation: 'no separation',
      },
      ...{ last_wake: { reason: 'motion', at_unix_ms: 1 }, dropped: { decoder_too_slow: 2, adapter_too_slow: 3 } },
    });
    expect(text).toContain(
      'Of its main stream, 640 × 360: key frames are decoded, since nothing moves. Not the substream: the substream fails',
    );
    expect(text).toMatch(
      /Last awake at .*: something moves\. The sizes .* Left out so far: 2 frames by the decoder, 3 pictures by the model\.$/,
    );
  });

  it('is the reason where nobody tells', () => {
    const nothing = { camera_id: 1, agent_id: null, decoding: null, reason: 'no agent tells of this camera' };
    expect(decodeText(CameraDecodeView.parse(nothing))).toBe('Nothing is decoded: no agent tells of this camera.');
  });
});
