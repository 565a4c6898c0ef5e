/** Left, top, width, height of an upright rectangle, in pixels unless a caller says "normalised". */
interface BoxLtwh {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Two corners of an upright rectangle, `x1 <= x2` and `y1 <= y2`, in pixels unless a caller says "normalised". */
export interface BoxXyxy {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Width and height of a picture, in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Corners → left, top, width, height. */
export function ltwhFromXyxy(box: BoxXyxy): BoxLtwh {
  return { left: box.x1, top: box.y1, width: box.x2 - box.x1, height: box.y2 - box.y1 };
}

/** Left, top, width, height → corners. */
export function xyxyFromLtwh(box: BoxLtwh): BoxXyxy {
  return { x1: box.left, y1: box.top, x2: box.left + box.width, y2: box.top + box.height };
}

/** Area of a box; 0 for a degenerate one (`x2 <= x1` or `y2 <= y1`). */
export function boxArea(box: BoxXyxy): number {
  return Math.max(0, box.x2 - box.x1) * Math.max(0, box.y2 - box.y1);
}

/** Area that two boxes share; 0 when they only touch. */
export function intersectionArea(a: BoxXyxy, b: BoxXyxy): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  if (width <= 0) return 0;
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  return height <= 0 ? 0 : width * height;
}

/** Intersection over union, 0..1; 0 when both boxes are degenerate. */
export function iou(a: BoxXyxy, b: BoxXyxy): number {
  const shared = intersectionArea(a, b);
  if (shared === 0) return 0;
  return shared / (boxArea(a) + boxArea(b) - shared);
}

/** The part of a box that lies inside the picture. A box wholly outside collapses to a zero-area box on the edge. */
export function clipBox(box: BoxXyxy, picture: PictureSize): BoxXyxy {
  return {
    x1: clamp(box.x1, picture.width),
    y1: clamp(box.y1, picture.height),
    x2: clamp(box.x2, picture.width),
    y2: clamp(box.y2, picture.height),
  };
}

/** Multiplies both axes, e.g. from the pixels of a model's input to those of the picture. */
export function scaleBox(box: BoxXyxy, scaleX: number, scaleY: number): BoxXyxy {
  return { x1: box.x1 * scaleX, y1: box.y1 * scaleY, x2: box.x2 * scaleX, y2: box.y2 * scaleY };
}

/** Grows a box on all four sides by `margin` (same unit as the box); a negative margin shrinks it. */
export function expandBox(box: BoxXyxy, margin: number): BoxXyxy {
  return { x1: box.x1 - margin, y1: box.y1 - margin, x2: box.x2 + margin, y2: box.y2 + margin };
}

/** Centre point of a box. */
export function boxCentre(box: BoxXyxy): { x: number; y: number } {
  return { x: (box.x1 + box.x2) / 2, y: (box.y1 + box.y2) / 2 };
}

/** Pixels → fractions of the picture's width and height. */
export function normaliseBox(box: BoxXyxy, picture: PictureSize): BoxXyxy {
  return scaleBox(box, 1 / picture.width, 1 / picture.height);
}

/**
 * `[left, top, width, height]` in whole pixels, inside the picture.
 * Corners are rounded, not the sides, so that neighbouring boxes keep sharing an edge.
 */
export function pixelLtwh(box: BoxXyxy, picture: PictureSize): [number, number, number, number] {
  const { x1, y1, x2, y2 } = clipBox(box, picture);
  const left = Math.round(x1);
  const top = Math.round(y1);
  return [left, top, Math.round(x2) - left, Math.round(y2) - top];
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, 0), max);
}
