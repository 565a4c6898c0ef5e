import { describe, expect, it } from '@jest/globals';
import { reconnectPauseMs } from './reconnect-pause.js';

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
