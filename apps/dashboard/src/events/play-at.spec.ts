import { describe, expect, it } from '@jest/globals';
import { playAtUnix } from './play-at.js';

describe('the recording of an event', () => {
  it('is played from two seconds before it began', () => {
    expect(playAtUnix({ started_at: '2026-06-01T12:00:00.500Z' })).toBe(Date.UTC(2026, 5, 1, 11, 59, 58, 500) / 1_000);
  });
});
