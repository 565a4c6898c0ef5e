import { describe, expect, it } from '@jest/globals';
import { boxOf } from './evidence-box.js';

describe('the frame on the picture of an event', () => {
  it('stands where its reporter says', () => {
    const bbox = { x: 0.1, y: 0, w: 0.5, h: 1 };
    expect(boxOf({ payload: { bbox, track: 7 } })).toEqual(bbox);
  });

  it.each([null, {}, { bbox: [1, 2, 3, 4] }, { bbox: { x: 10, y: 20, w: 300, h: 400 } }, { bbox: null }])('is none for %j', (payload) => {
    expect(boxOf({ payload })).toBeUndefined();
  });
});
