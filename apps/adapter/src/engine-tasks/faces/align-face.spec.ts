import { describe, expect, it } from '@jest/globals';
import { alignFace, fitSimilarity } from './align-face.js';

const places = [
  { x: 38.29, y: 51.7 },
  { x: 73.53, y: 51.5 },
  { x: 56.03, y: 71.74 },
  { x: 41.55, y: 92.37 },
  { x: 70.73, y: 92.2 },
];

describe('fitSimilarity', () => {
  it('finds turn, scale and shift', () => {
    // A quarter turn, twice as large, moved by (10, 20): x' = -2y + 10, y' = 2x + 20.
    const moved = places.map(({ x, y }) => ({ x: -2 * y + 10, y: 2 * x + 20 }));
    const { a, b, tx, ty } = fitSimilarity(places, moved);
    expect([a, b, tx, ty].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([0, 2, 10, 20]);
  });

  it('refuses points without a direction', () => {
    const same = places.map(() => ({ x: 1, y: 1 }));
    expect(() => fitSimilarity(same, places)).toThrow('one place');
    expect(() => fitSimilarity([{ x: 1, y: 1 }], [{ x: 1, y: 1 }])).toThrow('one landmark');
  });
});

describe('alignFace', () => {
  /** A picture with one white spot of 5 × 5 at each place. */
  const spotsAt = (side: number, spots: readonly { x: number; y: number }[]) => {
    const data = new Uint8Array(side * side * 3);
    for (const { x, y } of spots) {
      for (let dy = -2; dy <= 2; dy++) {
        for (let dx = -2; dx <= 2; dx++)
          data.fill(
            255,
            ((Math.round(y) + dy) * side + Math.round(x) + dx) * 3,
            ((Math.round(y) + dy) * side + Math.round(x) + dx) * 3 + 3,
          );
      }
    }
    return { data, widthPixels: side, heightPixels: side };
  };
  const brightness = ({ data, widthPixels }: { data: Uint8Array; widthPixels: number }, { x, y }: { x: number; y: number }) =>
    data[(Math.round(y) * widthPixels + Math.round(x)) * 3]!;

  it('brings landmarks of a tilted face to where the model expects them', () => {
    const tilted = places.map(({ x, y }) => ({ x: 150 + 1.2 * x - 0.5 * y, y: 10 + 0.5 * x + 1.2 * y }));
    const aligned = alignFace(spotsAt(300, tilted), tilted, 112);
    for (const place of places) expect(brightness(aligned, place)).toBeGreaterThan(200);
    expect(brightness(aligned, { x: 56, y: 40 })).toBe(0);
  });

  it('is black where the face leaves the picture', () => {
    const far = places.map(({ x, y }) => ({ x: x - 40, y }));
    const aligned = alignFace({ data: new Uint8Array(80 * 112 * 3).fill(9), widthPixels: 80, heightPixels: 112 }, far, 112);
    expect(brightness(aligned, { x: 5, y: 60 })).toBe(0);
    expect(brightness(aligned, { x: 60, y: 60 })).toBe(9);
  });
});
