import { describe, expect, it } from '@jest/globals';
import type { LumaPlane } from '@nightjar/media';
import { histogramDistance, meanAbsoluteDifference, measurePlane } from './luma-change.js';
import { ShotBoundaryFinder, shotsOf } from './shot-boundaries.js';

const size = { width: 16, height: 9 };

function plane(brightness: (x: number, y: number) => number): LumaPlane {
  return {
    ...size,
    pixels: Uint8Array.from({ length: size.width * size.height }, (_unused, at) =>
      brightness(at % size.width, Math.floor(at / size.width)),
    ),
  };
}

const flat = (brightness: number) => plane(() => brightness);
/** A scene with structure: bars that lie along x or y, with a person-sized patch that moves. */
const bars = (along: 'x' | 'y', patchAt = 0) =>
  plane((x, y) => (x >= patchAt && x < patchAt + 2 && y > 4 ? 200 : ((along === 'x' ? x : y) % 3) * 60 + 20));

function cutsOf(planes: readonly LumaPlane[]): number[] {
  const finder = new ShotBoundaryFinder();
  for (const each of planes) finder.push(each);
  return finder.cuts();
}

const times = (count: number, make: (index: number) => LumaPlane) => Array.from({ length: count }, (_unused, index) => make(index));

describe('measures of change', () => {
  it('differ by nothing for the same plane and by everything for black and white', () => {
    expect(meanAbsoluteDifference(flat(7), flat(7))).toBe(0);
    expect(meanAbsoluteDifference(flat(0), flat(255))).toBe(1);
    expect(histogramDistance(measurePlane(flat(0)), measurePlane(flat(255)))).toBe(1);
  });

  it('histogram distance is blind to where things are, the pixel difference is not', () => {
    const left = plane((x) => (x < 8 ? 0 : 200));
    const right = plane((x) => (x < 8 ? 200 : 0));
    expect(histogramDistance(measurePlane(left), measurePlane(right))).toBe(0);
    expect(meanAbsoluteDifference(left, right)).toBeCloseTo(200 / 255);
  });
});

describe('ShotBoundaryFinder', () => {
  it('finds the first sample of each new scene', () => {
    expect(cutsOf([...times(10, () => bars('x')), ...times(10, () => flat(220)), ...times(10, () => bars('y'))])).toEqual([10, 20]);
  });

  it('tells two scenes of equal brightness apart', () => {
    expect(cutsOf([...times(10, () => bars('x')), ...times(10, () => bars('y'))])).toEqual([10]);
  });

  it('does not take somebody who walks through the picture for a cut', () => {
    expect(cutsOf(times(30, (index) => bars('x', index % 14)))).toEqual([]);
  });

  it('does not take a flash of light for a cut, nor its end', () => {
    expect(cutsOf([...times(10, () => bars('x')), flat(255), ...times(10, () => bars('x'))])).toEqual([]);
  });

  it('does not take light that is on for three samples for a shot, but for four', () => {
    const lit = (samples: number) => [...times(10, () => bars('x')), ...times(samples, () => flat(255)), ...times(10, () => bars('x'))];
    expect(cutsOf(lit(3))).toEqual([]);
    expect(cutsOf(lit(4))).toEqual([10, 14]);
  });

  it('tells a scene from its mirror image', () => {
    const ramp = (mirrored: boolean) => plane((x) => 60 + 8 * (mirrored ? 15 - x : x));
    expect(cutsOf([...times(10, () => ramp(false)), ...times(10, () => ramp(true))])).toEqual([10]);
  });

  it('does not take the noise of a dark scene for anything', () => {
    const noise = (seed: number) => plane((x, y) => 3 + ((x * 7 + y * 13 + seed * 31) % 5));
    expect(cutsOf(times(30, (index) => noise(index * index)))).toEqual([]);
  });

  it('does not take a restless scene for a series of cuts', () => {
    expect(cutsOf(times(40, (index) => bars(index % 2 === 0 ? 'x' : 'y')))).toEqual([]);
  });

  it('finds a cut out of and into black', () => {
    expect(cutsOf([...times(10, () => bars('x')), ...times(8, () => flat(16)), ...times(10, () => bars('y'))])).toEqual([10, 18]);
  });

  it('finds nothing in a video of one frame, or of none', () => {
    expect(cutsOf([flat(1)])).toEqual([]);
    expect(cutsOf([])).toEqual([]);
  });
});

describe('shotsOf', () => {
  it('covers the video from 0 to its end without gaps, with the cut in the middle between two samples', () => {
    expect(shotsOf({ cuts: [16, 40], samplesPerSecond: 8, durationSeconds: 7.3 })).toEqual([
      { start_seconds: 0, end_seconds: 1.9375 },
      { start_seconds: 1.9375, end_seconds: 4.9375 },
      { start_seconds: 4.9375, end_seconds: 7.3 },
    ]);
  });

  it('is one shot without cuts', () => {
    expect(shotsOf({ cuts: [], samplesPerSecond: 8, durationSeconds: 3 })).toEqual([{ start_seconds: 0, end_seconds: 3 }]);
  });
});
