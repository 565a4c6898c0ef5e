import { describe, expect, it } from '@jest/globals';
import { planSampling } from './sampling-plan.js';

const minutes = (count: number) => count * 60_000;

describe('planSampling', () => {
  it('looks at two pictures a second up to ten minutes', () => {
    expect(planSampling(minutes(1))).toEqual({ samplesPerSecond: 8, samplesPerPicture: 4, pictures: 120 });
    expect(planSampling(minutes(10))).toEqual({ samplesPerSecond: 8, samplesPerPicture: 4, pictures: 1_200 });
  });

  it('never looks at more than 1200 pictures, however long the video is', () => {
    for (const length of [10.1, 11, 60, 599, 24 * 60].map(minutes)) {
      const { pictures, samplesPerPicture } = planSampling(length);
      expect(pictures).toBeLessThanOrEqual(1_200);
      expect(pictures).toBeGreaterThan(550);
      expect(Number.isInteger(samplesPerPicture)).toBe(true);
    }
  });

  it('looks at one picture of the shortest video', () => {
    expect(planSampling(40).pictures).toBe(1);
  });
});
