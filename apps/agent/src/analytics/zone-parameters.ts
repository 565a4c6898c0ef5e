import { enclosesArea, hasLength, ruled } from '@nightjar/contracts';
import { boxCentre, isInsidePolygon, type BoxXyxy, type Point } from '@nightjar/geometry';
import { z } from 'zod';
import type { FrameResult } from './frame-result.js';

/** By so much of the picture a point may be beyond it for having been rounded. */
const roundingShare = 0.01;
/** Larger than any picture's side. */
const coordinateMax = 16_384;
const PointParameter = z
  .tuple([z.number().min(0).max(coordinateMax), z.number().min(0).max(coordinateMax)])
  .describe('[x, y] from the upper left corner');
const Units = z
  .enum(['normalised', 'pixels'])
  .default('normalised')
  .describe(
    'normalised: 0..1 of the width and height; pixels: of the analysed picture, which is at most 1,280 wide and may be the substream: fractions are safer',
  );

/** A polygon on the analysed picture. */
export const ZoneParameter = z
  .strictObject({
    name: z.string().min(1).max(60).default('zone'),
    units: Units,
    points: ruled(z.array(PointParameter).min(3).max(64), enclosesArea),
  })
  .prefault({
    points: [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ],
  })
  .describe('A polygon; without one the whole picture');
export type ZoneParameter = z.infer<typeof ZoneParameter>;

/** A line across which somebody goes, from `a` to `b`. */
export const LineParameter = ruled(
  z.strictObject({
    name: z.string().min(1).max(60).default('line'),
    units: Units,
    a: PointParameter,
    b: PointParameter,
  }),
  hasLength,
);
export type LineParameter = z.infer<typeof LineParameter>;

/** Which point of an object counts. */
export const AnchorParameter = z
  .enum(['centre', 'bottom'])
  .default('centre')
  .describe('Point of an object that counts: the centre of its box, or the middle of its lower edge');
export type Anchor = z.infer<typeof AnchorParameter>;

export const LabelsParameter = z.array(z.string().min(1).max(60)).min(1).max(20).describe('Labels of objects that count');

/** A point in the units of its parameter, as a share of the picture. */
export function normalisedPoint([x, y]: readonly [number, number], units: 'normalised' | 'pixels', { frame }: FrameResult): Point {
  return units === 'pixels' ? { x: x / frame.picture.width, y: y / frame.picture.height } : { x, y };
}

/** A zone that reaches beyond the picture: it was drawn on one of another size, or in other units. @returns null where it does not */
export function zoneMisfit({ name, points, units }: ZoneParameter, frame: FrameResult): string | null {
  return misfitOf(name, points, units, frame);
}

/** As `zoneMisfit`. */
export function lineMisfit({ a, b, name, units }: LineParameter, frame: FrameResult): string | null {
  return misfitOf(name, [a, b], units, frame);
}

function misfitOf(
  name: string,
  points: readonly (readonly [number, number])[],
  units: 'normalised' | 'pixels',
  frame: FrameResult,
): string | null {
  const isBeyond = points.map((point) => normalisedPoint(point, units, frame)).some(({ x, y }) => Math.max(x, y) > 1 + roundingShare);
  const { height, width } = frame.frame.picture;
  return isBeyond ? `"${name}" reaches beyond the analysed picture of ${width} × ${height} pixels` : null;
}

/** The point of an object that counts, as a share of the picture. */
export function normalisedAnchor(box: BoxXyxy, anchor: Anchor, { picture }: FrameResult): Point {
  const { x, y } = boxCentre(box);
  return { x: x / picture.w, y: (anchor === 'bottom' ? box.y2 : y) / picture.h };
}

/** Whether an object is in the zone, its edge included. */
export function isInZone(box: BoxXyxy, zone: ZoneParameter, anchor: Anchor, frame: FrameResult): boolean {
  const polygon = zone.points.map((point) => normalisedPoint(point, zone.units, frame));
  return isInsidePolygon(normalisedAnchor(box, anchor, frame), polygon);
}
