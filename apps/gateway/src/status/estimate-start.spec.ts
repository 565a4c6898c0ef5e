import { describe, expect, it } from '@jest/globals';
import { estimateStartSeconds } from './estimate-start.js';

const video = { queued: 0, processing: 0, msPerJob: 60_000 };
const image = { queued: 0, processing: 0, msPerJob: 2_000 };

describe('the start of a job that is submitted now', () => {
  it('is at once while a slot is free that nobody waits for', () => {
    expect(estimateStartSeconds([video, image], { total: 2, busy: 0 })).toBe(0);
    expect(estimateStartSeconds([{ ...video, processing: 1 }, image], { total: 2, busy: 1 })).toBe(0);
  });

  it('is behind all that waits and the rest of what runs', () => {
    const open = [
      { ...video, queued: 2, processing: 1 },
      { ...image, queued: 5, processing: 1 },
    ];
    expect(estimateStartSeconds(open, { total: 2, busy: 2 })).toBe((2.5 * 60 + 5.5 * 2) / 2);
  });

  it('is unknown where nobody works', () => {
    expect(estimateStartSeconds([video], { total: 0, busy: 0 })).toBeNull();
  });
});
