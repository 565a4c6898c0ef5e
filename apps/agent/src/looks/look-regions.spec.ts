import { describe, expect, it } from '@jest/globals';
import type { BoxXyxy } from '@nightjar/geometry';
import { isInside, lookRegions, lookRegionsMax } from './look-regions.js';

const picture = { width: 1_280, height: 720 };
const input = { width: 416, height: 416 };
const at = (left: number, top: number, width: number, height: number): BoxXyxy => ({
  x1: left,
  y1: top,
  x2: left + width,
  y2: top + height,
});
const plan = (wanted: readonly BoxXyxy[], max = lookRegionsMax) => lookRegions(wanted, { input, picture, max });

/** Boxes of a seeded crowd. */
function crowd(count: number, seed: number): BoxXyxy[] {
  let state = seed;
  const next = (range: number) => (state = (state * 69_069 + 12_345) % 0x7fffffff) % range;
  return Array.from({ length: count }, () => at(next(1_200), next(600), 20 + next(200), 40 + next(300)));
}

describe('regions that a detector looks at', () => {
  it('show a small object at full size, as large as the input of the detector', () => {
    const { regions } = plan([at(600, 300, 40, 100)]);
    expect(regions).toEqual([{ box: at(412, 142, 416, 416), pixelsPerInput: 1 }]);
  });

  it('stay inside the picture at its edges', () => {
    const { regions } = plan([at(-50, -20, 90, 120), at(1_250, 700, 30, 20)]);
    expect(regions.map(({ box }) => box)).toEqual([at(0, 0, 416, 416), at(864, 304, 416, 416)]);
  });

  it('hold a large object whole, seen as finely as it can be', () => {
    const { regions } = plan([at(100, 100, 600, 300)]);
    expect(regions).toHaveLength(1);
    expect(regions[0]!.pixelsPerInput).toBeCloseTo(600 / 416, 2);
    expect(isInside(at(100, 100, 600, 300), regions[0]!.box)).toBe(true);
  });

  it('are one for what is near each other, and two for what is far apart', () => {
    expect(plan([at(300, 300, 40, 100), at(450, 320, 40, 100)]).regions).toHaveLength(1);
    expect(plan([at(100, 300, 40, 100), at(1_100, 320, 40, 100)]).regions).toHaveLength(2);
  });

  it('are the whole picture where a part would show hardly more', () => {
    expect(plan([at(100, 0, 1_100, 700)]).regions.map(({ box }) => box)).toEqual([at(0, 0, 1_280, 720)]);
    const small = lookRegions([at(10, 10, 30, 30)], { input, picture: { width: 480, height: 270 }, max: 8 });
    expect(small.regions.map(({ box }) => box)).toEqual([at(0, 0, 480, 270)]);
  });

  it('are none for nothing, and for what has no area or lies outside', () => {
    expect(plan([])).toEqual({ regions: [], isFull: false });
    expect(plan([at(10, 10, 0, 50), at(2_000, 10, 50, 50)]).regions).toEqual([]);
  });

  it('have every wanted box inside one of them, and are never more than allowed', () => {
    for (const [count, seed] of [
      [1, 3],
      [5, 4],
      [20, 5],
      [60, 6],
      [100, 7],
    ] as const)
      // prettier-ignore
      for (const max of [1, 3, 8]) {
        const wanted = crowd(count, seed);
        const { regions, isFull } = plan(wanted, max);
        expect(regions.length).toBeLessThanOrEqual(max);
        if (count === 100 && max === 1) expect(isFull).toBe(true);
        for (const box of wanted) {
          const inPicture = { ...box, x2: Math.min(box.x2, 1_280), y2: Math.min(box.y2, 720) };
          expect(regions.some((region) => isInside(inPicture, region.box))).toBe(true);
        }
      }
  });
});
