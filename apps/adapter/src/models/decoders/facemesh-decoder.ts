import type { Tensors } from '../../backends/tensor.js';
import type { Point } from './detector-decoding.js';
import { requireShape } from './model-outputs.js';

const pointsOutput = 'Identity_2';
const presenceOutput = 'Identity_1';

/** The outputs that have to be there. */
export const facemeshOutputs: readonly string[] = [pointsOutput, presenceOutput];

const meshPoints = 468;

/** Places in MediaPipe's canonical face model. "Right" is the person's own. */
const place = {
  rightEyeOuter: 33,
  rightEyeInner: 133,
  leftEyeInner: 362,
  leftEyeOuter: 263,
  noseTip: 1,
  rightMouthCorner: 61,
  leftMouthCorner: 291,
} as const;

/** The surface of one face. */
interface FaceMesh {
  /** Probability that the crop shows a face, 0..1; the points mean little below .5. */
  readonly presence: number;
  /** 468 points in pixels of the model's input; `z` is the depth in about the same unit, towards the camera negative. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly z: number }[];
}

/** Image-left eye, image-right eye, nose, image-left mouth corner, image-right mouth corner. */
type FiveLandmarks = readonly [Point, Point, Point, Point, Point];

/**
 * Reads Face Mesh' outputs for the crop of one face.
 * Formula: Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs (Kartynnik et al. 2019): x, y, z per point.
 * Shapes: points `[1, 1404]` in pixels of the input, presence `[1, 1]`.
 * @throws Error when the outputs are not those of Face Mesh, or hold something that is no number
 */
export function decodeFacemesh(outputs: Tensors): FaceMesh {
  const { data } = requireShape(outputs, pointsOutput, [1, 3 * meshPoints]);
  const presence = requireShape(outputs, presenceOutput, [1, 1]).data[0]!;
  if (!data.every(Number.isFinite)) throw new Error(`output "${pointsOutput}" of the model holds a point that is not a number`);
  if (!(presence >= 0 && presence <= 1))
    throw new Error(`output "${presenceOutput}" of the model holds ${presence}, expected a probability`);
  const points = Array.from({ length: meshPoints }, (_, index) => {
    return { x: data[3 * index]!, y: data[3 * index + 1]!, z: data[3 * index + 2]! };
  });
  return { presence, points };
}

/**
 * The five landmarks that face tasks answer with. Which eye is on the left of the image is read from the points and not from the
 * person's anatomy, so that it holds for a face upside down, too.
 */
export function fiveLandmarks({ points }: FaceMesh): FiveLandmarks {
  const at = (index: number): Point => ({ x: points[index]!.x, y: points[index]!.y });
  const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const eyes = leftFirst(middle(at(place.rightEyeOuter), at(place.rightEyeInner)), middle(at(place.leftEyeInner), at(place.leftEyeOuter)));
  const mouth = leftFirst(at(place.rightMouthCorner), at(place.leftMouthCorner));
  return [...eyes, at(place.noseTip), ...mouth];
}

function leftFirst(a: Point, b: Point): [Point, Point] {
  return a.x <= b.x ? [a, b] : [b, a];
}
