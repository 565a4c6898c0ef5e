import { describe, expect, it } from '@jest/globals';
import { isInsidePolygon, segmentsMeet, sideOfLine } from './polygon.js';

const point = (x: number, y: number) => ({ x, y });
const square = [point(0, 0), point(10, 0), point(10, 10), point(0, 10)];
/** A room with a bay: its middle is outside. */
const hook = [point(0, 0), point(30, 0), point(30, 30), point(20, 30), point(20, 10), point(10, 10), point(10, 30), point(0, 30)];

describe('isInsidePolygon', () => {
  it('knows inside from outside, whichever way the polygon runs', () => {
    for (const polygon of [square, [...square].reverse()]) {
      expect(isInsidePolygon(point(5, 5), polygon)).toBe(true);
      expect(isInsidePolygon(point(-1, 5), polygon)).toBe(false);
      expect(isInsidePolygon(point(11, 5), polygon)).toBe(false);
      expect(isInsidePolygon(point(5, -0.001), polygon)).toBe(false);
    }
  });

  it.each([point(0, 5), point(10, 5), point(5, 0), point(5, 10), ...square])('counts the edge and the corners as inside: %j', (edge) => {
    expect(isInsidePolygon(edge, square)).toBe(true);
  });

  it('leaves the bay of a concave polygon out, also where a ray runs through its corners', () => {
    expect(isInsidePolygon(point(15, 20), hook)).toBe(false);
    expect(isInsidePolygon(point(5, 20), hook)).toBe(true);
    expect(isInsidePolygon(point(25, 20), hook)).toBe(true);
    expect(isInsidePolygon(point(-5, 10), hook)).toBe(false);
    expect(isInsidePolygon(point(-5, 0), hook)).toBe(false);
    expect(isInsidePolygon(point(5, 10), hook)).toBe(true);
  });
});

describe('sideOfLine', () => {
  it('says left and right as seen from a to b on a picture whose y grows downwards', () => {
    const [bottom, top] = [point(5, 10), point(5, 0)];
    expect(sideOfLine(point(0, 5), bottom, top)).toBe(-1);
    expect(sideOfLine(point(9, 5), bottom, top)).toBe(1);
    expect(sideOfLine(point(5, 99), bottom, top)).toBe(0);
  });
});

describe('segmentsMeet', () => {
  it('sees crossings, touches and overlaps, and no more', () => {
    expect(segmentsMeet(point(0, 0), point(10, 10), point(0, 10), point(10, 0))).toBe(true);
    expect(segmentsMeet(point(0, 0), point(10, 0), point(5, 0), point(5, 9))).toBe(true);
    expect(segmentsMeet(point(0, 0), point(10, 0), point(5, 0), point(15, 0))).toBe(true);
    expect(segmentsMeet(point(0, 0), point(10, 0), point(11, 0), point(15, 0))).toBe(false);
    expect(segmentsMeet(point(0, 0), point(10, 0), point(11, -5), point(11, 5))).toBe(false);
    expect(segmentsMeet(point(0, 0), point(10, 0), point(0, 1), point(10, 1))).toBe(false);
  });
});
