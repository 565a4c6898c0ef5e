import { describe, expect, it } from '@jest/globals';
import { isTimeToRotate, reconnectPauseMs } from './recording-rules.js';

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

describe('the pause before a camera is tried again', () => {
  it('grows from one second to thirty and stays there', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 1_000].map((attempts) => reconnectPauseMs(attempts, 0.5))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
    ]);
  });

  it('differs by a quarter, so that cameras of one switch do not come back at once', () => {
    expect([reconnectPauseMs(2, 0), reconnectPauseMs(2, 0.999)]).toEqual([3_000, 4_998]);
  });
});
