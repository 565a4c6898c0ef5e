import { describe, expect, it } from '@jest/globals';
import { PictureRegion } from '@nightjar/contracts';
import { AnalysedArea } from './analysed-area.js';

const picture = { width: 640, height: 360 };
const box = (x1: number, y1: number, x2: number, y2: number) => ({ x1, y1, x2, y2 });
const areaOf = (roi?: object, droi?: object) =>
  AnalysedArea.of({ roi: roi ? PictureRegion.parse(roi) : null, droi: droi ? PictureRegion.parse(droi) : null }, picture);
const rightHalf = { x: 50, width: 50, height: 100, mode: 'percent' };

describe('the area of a stream that is analysed', () => {
  it.each([undefined, {}, { x: 30, y: 30 }, { width: 640, height: 360 }, { width: 100, height: 100, mode: 'percent' }])(
    'is the whole picture with the roi %j',
    (roi) => {
      const area = areaOf(roi);
      expect([area.isWhole, area.size, area.problem]).toEqual([true, picture, null]);
      const motion = { share: 0.2, regions: [box(0, 0, 0.5, 0.5)] };
      expect(area.motionInRoi(area.motionOf(motion))).toBe(motion);
    },
  );

  it('is clipped to the picture, and has whole pixels', () => {
    expect(areaOf({ x: 600.4, y: 300, width: 100, height: 100 }).roi).toEqual(box(600, 300, 640, 360));
  });

  it('turns places of the picture into those of the roi and back', () => {
    const area = areaOf(rightHalf);
    expect(area.toRoi(box(400, 10, 420, 30))).toEqual(box(80, 10, 100, 30));
    expect(area.toPicture(box(80, 10, 100, 30))).toEqual(box(400, 10, 420, 30));
  });

  it('has of a motion only the part inside', () => {
    const area = areaOf(rightHalf);
    const outside = { share: 0.1, regions: [box(0, 0, 0.25, 0.25)] };
    expect(area.motionOf(outside)).toEqual({ share: 0, regions: [] });
    const across = area.motionOf({ share: 0.1, regions: [box(0.25, 0, 0.75, 0.5)] });
    expect(across).toEqual({ share: 0.05, regions: [box(0.5, 0, 0.75, 0.5)] });
    expect(area.motionInRoi(across)?.regions).toEqual([box(0, 0, 0.5, 0.5)]);
    expect(area.motionOf(undefined)).toBeUndefined();
  });

  it('counts who has his middle in the droi, its edge included', () => {
    const area = areaOf(undefined, { x: 100, y: 100, width: 100, height: 100 });
    expect(area.counts(box(50, 100, 150, 200))).toBe(true);
    expect(area.counts(box(48, 100, 150, 200))).toBe(false);
    expect(areaOf().counts(box(0, 0, 1, 1))).toBe(true);
  });

  it.each([
    [{ x: 640, width: 10, height: 10 }, undefined, 'roi'],
    [undefined, { y: 400, width: 10, height: 10 }, 'droi'],
  ])('says when the roi %j or the droi %j is outside', (roi, droi, name) => {
    expect(areaOf(roi, droi).problem).toBe(`${name} lies outside of the picture of 640 × 360 pixels`);
  });
});
