/** A point of a picture, in pixels unless a caller says "normalised". */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Whether a point lies in a polygon, its edges and corners included. The polygon closes itself; its direction does not matter. */
export function isInsidePolygon(point: Point, polygon: readonly Point[]): boolean {
  const isOnEdge = polygon.some((corner, index) => isOnSegment(point, polygon.at(index - 1)!, corner));
  return isOnEdge || crossesAnOddNumberOfEdges(point, polygon);
}

/**
 * On which side of the line through `a` and `b` a point lies, for who looks from `a` to `b` at a picture whose y grows downwards:
 * -1 left, 1 right, 0 exactly on the line.
 */
export function sideOfLine(point: Point, a: Point, b: Point): -1 | 0 | 1 {
  return Math.sign((b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x)) as -1 | 0 | 1;
}

/** Whether two segments have a point in common; that they only touch counts too. */
export function segmentsMeet(a1: Point, a2: Point, b1: Point, b2: Point): boolean {
  const startSide = sideOfLine(b1, a1, a2);
  const endSide = sideOfLine(b2, a1, a2);
  if (startSide !== endSide && sideOfLine(a1, b1, b2) !== sideOfLine(a2, b1, b2)) return true;
  return isOnSegment(b1, a1, a2) || isOnSegment(b2, a1, a2) || isOnSegment(a1, b1, b2) || isOnSegment(a2, b1, b2);
}

/** Ray casting to the right; of the two ends of an edge the upper one counts, so that a ray through a corner counts once. */
function crossesAnOddNumberOfEdges(point: Point, polygon: readonly Point[]): boolean {
  let isOdd = false;
  polygon.forEach((b, index) => {
    const a = polygon.at(index - 1)!;
    if (a.y > point.y === b.y > point.y) return;
    if (point.x < a.x + ((b.x - a.x) * (point.y - a.y)) / (b.y - a.y)) isOdd = !isOdd;
  });
  return isOdd;
}

function isOnSegment(point: Point, a: Point, b: Point): boolean {
  return (
    sideOfLine(point, a, b) === 0 &&
    point.x >= Math.min(a.x, b.x) &&
    point.x <= Math.max(a.x, b.x) &&
    point.y >= Math.min(a.y, b.y) &&
    point.y <= Math.max(a.y, b.y)
  );
}
