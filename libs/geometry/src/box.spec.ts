import { describe, expect, it } from '@jest/globals';
import {
  boxArea,
  boxCentre,
  clipBox,
  expandBox,
  intersectionArea,
  iou,
  ltwhFromXyxy,
  normaliseBox,
  pixelLtwh,
  scaleBox,
  xyxyFromLtwh,
} from './box.js';

const square = { x1: 0, y1: 0, x2: 10, y2: 10 };

describe('box conversions', () => {
  it('turns corners into left, top, width, height and back', () => {
    const box = { x1: 3, y1: 4, x2: 13, y2: 24 };
    expect(ltwhFromXyxy(box)).toEqual({ left: 3, top: 4, width: 10, height: 20 });
    expect(xyxyFromLtwh(ltwhFromXyxy(box))).toEqual(box);
  });

  it('scales each axis by its own factor and normalises by the picture', () => {
    expect(scaleBox(square, 2, 3)).toEqual({ x1: 0, y1: 0, x2: 20, y2: 30 });
    expect(normaliseBox(square, { width: 20, height: 40 })).toEqual({ x1: 0, y1: 0, x2: 0.5, y2: 0.25 });
  });

  it('rounds corners to whole pixels inside the picture', () => {
    const box = { x1: -3.2, y1: 1.4, x2: 9.6, y2: 99 };
    expect(pixelLtwh(box, { width: 50, height: 40 })).toEqual([0, 1, 10, 39]);
  });

  it('expands about the centre', () => {
    const grown = expandBox(square, 5);
    expect(grown).toEqual({ x1: -5, y1: -5, x2: 15, y2: 15 });
    expect(boxCentre(grown)).toEqual(boxCentre(square));
  });
});

describe('box areas', () => {
  it('gives 1 for a box with itself and 0 for boxes that only touch', () => {
    expect(iou(square, square)).toBe(1);
    expect(iou(square, { x1: 10, y1: 0, x2: 20, y2: 10 })).toBe(0);
  });

  it('divides the shared area by the covered area', () => {
    const shifted = { x1: 5, y1: 0, x2: 15, y2: 10 };
    expect(intersectionArea(square, shifted)).toBe(50);
    expect(iou(square, shifted)).toBeCloseTo(50 / 150, 12);
  });

  it('treats a degenerate box as empty instead of dividing by zero', () => {
    const line = { x1: 4, y1: 4, x2: 4, y2: 9 };
    expect(boxArea(line)).toBe(0);
    expect(iou(line, line)).toBe(0);
  });

  it('clips to the picture and collapses what lies outside', () => {
    const picture = { width: 8, height: 6 };
    expect(clipBox(square, picture)).toEqual({ x1: 0, y1: 0, x2: 8, y2: 6 });
    expect(boxArea(clipBox({ x1: 20, y1: 20, x2: 30, y2: 30 }, picture))).toBe(0);
  });
});
