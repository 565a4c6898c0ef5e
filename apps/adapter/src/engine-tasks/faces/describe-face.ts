import { boxCentre, type BoxXyxy } from '@nightjar/geometry';
import type { FaceLandmarks, Point } from '../../engine/engine-tasks.js';
import { decodeEmbedding } from '../../models/decoders/embedding-decoder.js';
import { decodeFacemesh, fiveLandmarks } from '../../models/decoders/facemesh-decoder.js';
import { decodeFaceres, type FaceAttributes } from '../../models/decoders/faceres-decoder.js';
import { requireTensors, type LoadedModel } from '../../models/loaded-model.js';
import { requireInput } from '../../models/model-manifest.js';
import { runOnPixels } from '../../models/run-on-pixels.js';
import type { PixelBuffer } from '../../pictures/picture.js';
import type { StepContext } from '../engine-task.js';
import { alignFace } from './align-face.js';
import type { FoundFace } from './find-faces.js';

/** An aligned face is cut out of a square of this many times the model's input first: sharp pixels without leaving any out. */
const alignFrom = 2;
/** Points of a detector that has no mouth corners are not enough to align by. */
const alignPoints = 5;

/** A square around the middle of a box. */
function squareAround(box: BoxXyxy, enlarge: number): BoxXyxy {
  const half = (Math.max(box.x2 - box.x1, box.y2 - box.y1) * enlarge) / 2;
  const { x, y } = boxCentre(box);
  return { x1: x - half, y1: y - half, x2: x + half, y2: y + half };
}

async function cropFace(context: StepContext, face: FoundFace, model: LoadedModel): Promise<{ pixels: PixelBuffer; square: BoxXyxy }> {
  const square = squareAround(face.box, model.manifest.face.enlarge);
  return { pixels: await context.picture.crop(square, requireInput(model.manifest)), square };
}

/** The five landmarks; undefined when the mesh model sees no face in the box, or the detector gave them itself. */
export async function landmarksOf(
  context: StepContext,
  face: FoundFace,
  mesh: LoadedModel | undefined,
): Promise<FaceLandmarks | undefined> {
  if (face.points.length === alignPoints) return face.points as unknown as FaceLandmarks;
  if (!mesh) return undefined;
  const { pixels, square } = await cropFace(context, face, mesh);
  const found = decodeFacemesh(await context.infer(() => runOnPixels(requireTensors(mesh), pixels)));
  if (found.presence < mesh.manifest.defaults.minScore) return undefined;
  const scale = (square.x2 - square.x1) / pixels.widthPixels;
  const toPicture = ({ x, y }: Point): Point => ({ x: square.x1 + x * scale, y: square.y1 + y * scale });
  const [leftEye, rightEye, nose, leftMouth, rightMouth] = fiveLandmarks(found);
  return [toPicture(leftEye), toPicture(rightEye), toPicture(nose), toPicture(leftMouth), toPicture(rightMouth)];
}

/** Age and gender, by a model of decoder `faceres`. */
export async function attributesOf(context: StepContext, face: FoundFace, model: LoadedModel): Promise<FaceAttributes> {
  const { pixels } = await cropFace(context, face, model);
  return decodeFaceres(await context.infer(() => runOnPixels(requireTensors(model), pixels)));
}

/**
 * What the face looks like as a vector of length 1.
 * @returns undefined when the model wants an aligned face and there are no landmarks to align it by
 */
export async function descriptorOf(
  context: StepContext,
  face: FoundFace,
  { model, landmarks, known }: { model: LoadedModel; landmarks: FaceLandmarks | undefined; known: FaceAttributes | undefined },
): Promise<number[] | undefined> {
  if (model.manifest.decoder === 'faceres') return unitVector((known ?? (await attributesOf(context, face, model))).descriptor);
  const pixels =
    model.manifest.face.crop === 'aligned'
      ? await alignedFace(context, face, { model, landmarks })
      : (await cropFace(context, face, model)).pixels;
  if (!pixels) return undefined;
  const outputs = await context.infer(() => runOnPixels(requireTensors(model), pixels));
  return Array.from(decodeEmbedding(outputs, { normalise: true, outputName: model.manifest.decoding.outputNames?.['embedding'] }));
}

async function alignedFace(
  context: StepContext,
  face: FoundFace,
  { model, landmarks }: { model: LoadedModel; landmarks: FaceLandmarks | undefined },
): Promise<PixelBuffer | undefined> {
  if (!landmarks) return undefined;
  const { widthPixels } = requireInput(model.manifest);
  const side = widthPixels * alignFrom;
  const square = squareAround(face.box, model.manifest.face.enlarge);
  const cut = await context.picture.crop(square, { widthPixels: side, heightPixels: side });
  const scale = side / (square.x2 - square.x1);
  const inCut = landmarks.map(({ x, y }) => ({ x: (x - square.x1) * scale, y: (y - square.y1) * scale }));
  return alignFace(cut, inCut, widthPixels);
}

function unitVector(vector: Float32Array): number[] {
  const length = Math.hypot(...vector);
  return Array.from(vector, (value) => value / (length || 1));
}
