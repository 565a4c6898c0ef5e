import type { Point } from '../../engine/engine-tasks.js';
import type { PixelBuffer } from '../../pictures/picture.js';

/** Where ArcFace models expect eyes, nose and mouth corners, image-left first, in a picture of 112 × 112 (InsightFace). */
const expectedPlaces: readonly Point[] = [
  { x: 38.29, y: 51.7 },
  { x: 73.53, y: 51.5 },
  { x: 56.03, y: 71.74 },
  { x: 41.55, y: 92.37 },
  { x: 70.73, y: 92.2 },
];
const expectedSidePixels = 112;

/** `x' = a·x − b·y + tx`, `y' = b·x + a·y + ty`: turned, scaled and moved, never mirrored or distorted. */
interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

/**
 * The similarity that brings points closest to their targets, in the sense of least squares (Umeyama 1991, in the plane).
 * @throws Error for fewer than two points, or points that all lie in one place
 */
export function fitSimilarity(points: readonly Point[], targets: readonly Point[]): Similarity {
  const from = meanOf(points);
  const to = meanOf(targets);
  let spread = 0;
  let along = 0;
  let across = 0;
  for (const [index, point] of points.entries()) {
    const target = targets[index]!;
    const x = point.x - from.x;
    const y = point.y - from.y;
    spread += x * x + y * y;
    along += x * (target.x - to.x) + y * (target.y - to.y);
    across += x * (target.y - to.y) - y * (target.x - to.x);
  }
  if (!(spread > 0)) throw new Error('landmarks that lie in one place have no direction');
  const a = along / spread;
  const b = across / spread;
  return { a, b, tx: to.x - a * from.x + b * from.y, ty: to.y - b * from.x - a * from.y };
}

/**
 * Turns and scales a face so that its five landmarks lie where ArcFace models expect them. Samples between pixels; outside is black.
 * @param face pixels around the face, at most about twice as large as the result: a stronger reduction would leave pixels out
 * @param landmarks in pixels of `face`
 */
export function alignFace(face: PixelBuffer, landmarks: readonly Point[], sidePixels: number): PixelBuffer {
  const scale = sidePixels / expectedSidePixels;
  const targets = expectedPlaces.map(({ x, y }) => ({ x: x * scale, y: y * scale }));
  // The way back: for each pixel of the result, where it comes from.
  const { a, b, tx, ty } = fitSimilarity(targets, landmarks);
  const data = new Uint8Array(sidePixels * sidePixels * 3);
  for (let y = 0; y < sidePixels; y++) {
    for (let x = 0; x < sidePixels; x++) sample(face, a * x - b * y + tx, b * x + a * y + ty, data, (y * sidePixels + x) * 3);
  }
  return { data, widthPixels: sidePixels, heightPixels: sidePixels };
}

/** Bilinear. */
function sample({ data, widthPixels, heightPixels }: PixelBuffer, x: number, y: number, out: Uint8Array, offset: number): void {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const right = x - left;
  const below = y - top;
  for (let channel = 0; channel < 3; channel++) {
    const at = (column: number, row: number) =>
      column < 0 || row < 0 || column >= widthPixels || row >= heightPixels ? 0 : data[(row * widthPixels + column) * 3 + channel]!;
    const upper = at(left, top) * (1 - right) + at(left + 1, top) * right;
    const lower = at(left, top + 1) * (1 - right) + at(left + 1, top + 1) * right;
    out[offset + channel] = Math.round(upper * (1 - below) + lower * below);
  }
}

function meanOf(points: readonly Point[]): Point {
  if (points.length < 2) throw new Error('one landmark has no direction');
  const sum = points.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}
