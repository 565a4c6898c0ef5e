import { describe, expect, it } from '@jest/globals';
import { planSampling } from './sampling-plan.js';

const minutes = (count: number) => count * 60_000;
const plan = (durationMs: number, framesPerSecond: number | undefined = 25) => planSampling({ durationMs, framesPerSecond });

describe('planSampling', () => {
  it('looks at two pictures a second up to ten minutes', () => {
    expect(plan(minutes(1))).toMatchObject({ samplesPerSecond: 8, samplesPerPicture: 4, pictures: 120 });
    expect(plan(minutes(10))).toMatchObject({ samplesPerSecond: 8, samplesPerPicture: 4, pictures: 1_200 });
  });

  it('never looks at more than 1200 pictures, however long the video is', () => {
    for (const length of [10.1, 11, 60, 599, 24 * 60].map(minutes)) {
      const { pictures, samplesPerPicture } = plan(length);
      expect(pictures).toBeLessThanOrEqual(1_200);
      expect(pictures).toBeGreaterThan(550);
      expect(Number.isInteger(samplesPerPicture)).toBe(true);
    }
  });

  it('looks at one picture of the shortest video', () => {
    expect(plan(40).pictures).toBe(1);
  });

  it('leaves out frames that no other refers to only where enough others are left for each sample', () => {
    expect([60, 30, 25, 24, 23.976, 15, 1].map((rate) => plan(minutes(1), rate).referencesOnly)).toEqual([
      ...[true, true, true, true],
      ...[false, false, false],
    ]);
    expect(planSampling({ durationMs: 1, framesPerSecond: undefined }).referencesOnly).toBe(false);
  });
});
