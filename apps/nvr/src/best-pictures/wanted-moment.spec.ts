import { describe, expect, it } from '@jest/globals';
import { wantedMoment } from './wanted-moment.js';

const shown = { frame_ts_ms: 1_700_000_000_000, frame: { w: 640, h: 360 }, picture: { stream: 'sub' }, model: {} };

describe('the moment at which the main stream may have a better picture', () => {
  it('is that of the picture, where that is of the substream', () => {
    expect(wantedMoment(shown)).toEqual({ atUnixMs: 1_700_000_000_000, pixels: 640 * 360 });
  });

  it.each([
    { ...shown, picture: { stream: 'main' } },
    { ...shown, picture: { stream: 'sub', rotation: 90 } },
    { ...shown, picture: undefined },
    { ...shown, frame: undefined },
    { ...shown, frame_ts_ms: 'yesterday' },
    null,
    [],
    'text',
  ])('is none for %j', (payload) => {
    expect(wantedMoment(payload)).toBeUndefined();
  });
});
