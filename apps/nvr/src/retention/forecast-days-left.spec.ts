import { describe, expect, it } from '@jest/globals';
import { forecastDaysLeft } from './forecast-days-left.js';

const dayMs = 24 * 3_600_000;
const unbounded = { ageMsMax: 0, usedBytesMax: 0, freeBytesMin: 0 };
const calm = { bounds: unbounded, usedBytes: 500, freeBytes: 1_000, recent: { bytes: 50, observedMs: dayMs / 2 } };

describe('the forecast', () => {
  it('is how long the room lasts at the rate of the last day', () => {
    expect(forecastDaysLeft(calm)).toBe(10);
    expect(forecastDaysLeft({ ...calm, bounds: { ...unbounded, freeBytesMin: 400 } })).toBe(6);
    expect(forecastDaysLeft({ ...calm, bounds: { ...unbounded, usedBytesMax: 700 } })).toBe(2);
  });

  it('counts the room of the archive, which recordings move to', () => {
    const bounds = { ...unbounded, usedBytesMax: 700 };
    expect(forecastDaysLeft({ ...calm, bounds, archive: { usedBytes: 900, roomBytes: 300 } })).toBe(5);
    expect(
      forecastDaysLeft({ ...calm, bounds: { ...bounds, ageMsMax: 19 * dayMs }, archive: { usedBytes: 900, roomBytes: 300 } }),
    ).toBeUndefined();
  });

  it('is 0 when there is no room', () => {
    expect(forecastDaysLeft({ ...calm, bounds: { ...unbounded, freeBytesMin: 4_000 } })).toBe(0);
  });

  it('is open when recordings get too old before, when nothing is recorded, and when too little is known', () => {
    expect(forecastDaysLeft({ ...calm, bounds: { ...unbounded, ageMsMax: 14 * dayMs } })).toBeUndefined();
    expect(forecastDaysLeft({ ...calm, bounds: { ...unbounded, ageMsMax: 16 * dayMs } })).toBe(10);
    expect(forecastDaysLeft({ ...calm, recent: { bytes: 0, observedMs: dayMs } })).toBeUndefined();
    expect(forecastDaysLeft({ ...calm, recent: { bytes: 50, observedMs: 60_000 } })).toBeUndefined();
    expect(forecastDaysLeft({ ...calm, freeBytes: undefined })).toBeUndefined();
  });
});
