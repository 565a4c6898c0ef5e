import { boxArea, boxCentre, clipBox, intersectionArea, suppressNonMaxima, type BoxXyxy } from '@nightjar/geometry';
import type { Tensors } from '../../backends/tensor.js';
import type { Point } from '../../engine/engine-tasks.js';
import { decodeBlazeface } from '../../models/decoders/blazeface-decoder.js';
import type { FaceDecoding, ScoredFace } from '../../models/decoders/detector-decoding.js';
import { decodeScrfd } from '../../models/decoders/scrfd-decoder.js';
import { fitPicture } from '../../models/fit-picture.js';
import { requireTensors, type LoadedModel } from '../../models/loaded-model.js';
import { requireInput, type DecoderName } from '../../models/model-manifest.js';
import { runOnPixels } from '../../models/run-on-pixels.js';
import { detectObjects } from '../detect-objects.js';
import type { StepContext } from '../engine-task.js';

/** A face in pixels of the upright picture, with the detector's own landmarks. */
export interface FoundFace {
  readonly box: BoxXyxy;
  readonly score: number;
  readonly points: readonly Point[];
}

const decoders: Readonly<Partial<Record<DecoderName, (outputs: Tensors, decoding: FaceDecoding) => ScoredFace[]>>> = {
  blazeface: decodeBlazeface,
  scrfd: decodeScrfd,
};

/** More faces would cost more runs than one request may take. */
const maxFaces = 64;
/** Persons whose heads are looked at closely: the largest ones. */
const maxHeads = 8;
const personMinScore = 0.45;
/** Of a person's height from its top: head and shoulders. */
const headShare = 0.4;

/**
 * Finds faces: on the whole picture, where only large ones show (from about 5 % of the longer side), and on the heads of the persons
 * that an object detector finds, where small ones do. Best score first.
 * @throws AppError `invalid_argument` when the picture can't be decoded, `model_error`
 */
export async function findFaces(context: StepContext, options: { model: LoadedModel; minScore: number }): Promise<FoundFace[]> {
  const large = await findOnWhole(context, options);
  const heads = (await headsOfPersons(context)).filter((head) => !large.some(({ box }) => contains(head, box)));
  const small: FoundFace[] = [];
  for (const head of heads) small.push(...(await findOnPart(context, head, options)));
  const maxIou = options.model.manifest.defaults.maxIou;
  const all = [...large, ...small].map((face) => ({ ...face, classId: 0 })).sort((a, b) => b.score - a.score);
  return suppressNonMaxima(all, { maxIou, scope: 'any-class' }).slice(0, maxFaces) as FoundFace[];
}

async function findOnWhole(context: StepContext, { model, minScore }: { model: LoadedModel; minScore: number }): Promise<FoundFace[]> {
  const picture = await context.picture.size();
  const { pixels, toPicture, boxToPicture } = await fitPicture(context.picture, requireInput(model.manifest));
  const outputs = await context.infer(() => runOnPixels(requireTensors(model), pixels));
  return read(outputs, model, minScore).map(({ box, score, points }) => ({
    box: clipBox(boxToPicture(box), picture),
    score,
    points: points.map(toPicture),
  }));
}

/** The part must be square, as the model's input is. */
async function findOnPart(
  context: StepContext,
  part: BoxXyxy,
  { model, minScore }: { model: LoadedModel; minScore: number },
): Promise<FoundFace[]> {
  const picture = await context.picture.size();
  const { widthPixels, heightPixels } = requireInput(model.manifest);
  const pixels = await context.picture.crop(part, { widthPixels, heightPixels });
  const outputs = await context.infer(() => runOnPixels(requireTensors(model), pixels));
  const scale = (part.x2 - part.x1) / widthPixels;
  const toPicture = ({ x, y }: Point): Point => ({ x: part.x1 + x * scale, y: part.y1 + y * scale });
  return read(outputs, model, minScore).map(({ box, score, points }) => {
    const from = toPicture({ x: box.x1, y: box.y1 });
    const to = toPicture({ x: box.x2, y: box.y2 });
    return { box: clipBox({ x1: from.x, y1: from.y, x2: to.x, y2: to.y }, picture), score, points: points.map(toPicture) };
  });
}

function read(outputs: Tensors, { manifest }: LoadedModel, minScore: number): ScoredFace[] {
  const decode = decoders[manifest.decoder];
  if (!decode) throw new Error(`model "${manifest.name}" finds no faces`);
  const { widthPixels: inputWidthPixels, heightPixels: inputHeightPixels } = requireInput(manifest);
  return decode(outputs, { inputWidthPixels, inputHeightPixels, minScore });
}

/** Squares around the heads of the largest persons; none where no object detector is to be had. */
async function headsOfPersons(context: StepContext): Promise<BoxXyxy[]> {
  if (!context.has('detector')) return [];
  const { objects } = await detectObjects.run(context, { labels: ['person'], minScore: personMinScore });
  const largest = [...objects].sort((a, b) => boxArea(b.box) - boxArea(a.box)).slice(0, maxHeads);
  return largest.map(({ box }) => headOf(box));
}

function headOf({ x1, y1, x2, y2 }: BoxXyxy): BoxXyxy {
  const side = Math.max((x2 - x1) * 1.1, (y2 - y1) * headShare);
  const middle = (x1 + x2) / 2;
  // A little above the box: a head that the detector cut off.
  const top = y1 - side * 0.08;
  return { x1: middle - side / 2, y1: top, x2: middle + side / 2, y2: top + side };
}

/** Whether most of a face that was found already lies in the upper part of the head's square: its person is known. */
function contains(head: BoxXyxy, face: BoxXyxy): boolean {
  const { x, y } = boxCentre(face);
  const isInside = x > head.x1 && x < head.x2 && y > head.y1 && y < head.y2;
  return isInside && intersectionArea(head, face) > 0.8 * boxArea(face) && boxArea(face) > 0.02 * boxArea(head);
}
