import { describe, expect, it } from '@jest/globals';
import { isTimeToRotate } from './is-time-to-rotate.js';

describe('the end of a file', () => {
  it('comes before the group of pictures that would make it too long', () => {
    expect(isTimeToRotate({ fileMs: 56_000, lastGroupMs: 4_000, segmentMs: 60_000 })).toBe(false);
    expect(isTimeToRotate({ fileMs: 58_000, lastGroupMs: 4_000, segmentMs: 60_000 })).toBe(true);
  });

  it('is at each key frame when a group is longer than a file', () => {
    expect(isTimeToRotate({ fileMs: 90_000, lastGroupMs: 90_000, segmentMs: 60_000 })).toBe(true);
    expect(isTimeToRotate({ fileMs: 0, lastGroupMs: 90_000, segmentMs: 60_000 })).toBe(false);
  });
});
