import type { PictureRegion } from '@nightjar/contracts';
import { boxArea, clipBox, type BoxXyxy, type PictureSize } from '@nightjar/geometry';

/** All of a picture, as a box. */
export function wholeBox({ height, width }: PictureSize): BoxXyxy {
  return { x1: 0, y1: 0, x2: width, y2: height };
}

/** Corners of a region in pixels of a picture, which it may go beyond; undefined: it is all of the picture. */
export function regionBox(region: PictureRegion | null, picture: PictureSize): BoxXyxy | undefined {
  if (!region || region.width === 0 || region.height === 0) return undefined;
  const { height, mode, width, x, y } = region;
  const [unitX, unitY] = mode === 'percent' ? [picture.width / 100, picture.height / 100] : [1, 1];
  return { x1: x * unitX, y1: y * unitY, x2: (x + width) * unitX, y2: (y + height) * unitY };
}

/** Whether a point of a picture is in a region, its edge included. */
export function isInRegion([x, y]: readonly [number, number], region: PictureRegion | null, picture: PictureSize): boolean {
  const box = regionBox(region, picture);
  return !box || (x >= box.x1 && y >= box.y1 && x <= box.x2 && y <= box.y2);
}

/** Why nothing is found in a region, in words for the user; null where it has a part of the picture. */
export function regionMisfit(name: string, region: PictureRegion | null, picture: PictureSize): string | null {
  const box = regionBox(region, picture);
  const isOutside = box !== undefined && boxArea(clipBox(box, picture)) === 0;
  return isOutside ? `${name} lies outside of the analysed picture of ${picture.width} × ${picture.height} pixels` : null;
}
