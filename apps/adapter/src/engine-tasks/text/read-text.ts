import type { BoxXyxy } from '@nightjar/geometry';
import type { Point, TextLine } from '../../engine/engine-tasks.js';
import type { LoadedModel, TextSession } from '../../models/loaded-model.js';
import type { Picture, PixelBuffer } from '../../pictures/picture.js';
import type { EngineTask, StepContext } from '../engine-task.js';
import { joinLines } from './join-lines.js';

/** Larger pictures are made smaller first: their lines were searched at far less anyway, and the library works in JavaScript. */
const maxSidePixels = 2560;
const maxLines = 200;

/** All text on a picture, line by line in reading order. */
export const readText: EngineTask<'read_text'> = {
  needsPixels: true,
  async run(context, { model: name, minConfidence }) {
    const model = await context.use('text_reader', name);
    const lines = await context.once(`read_text:${model.fingerprint}`, () => linesOf(context, model));
    const lowest = minConfidence ?? model.manifest.defaults.minScore;
    const picture = await context.picture.size();
    return { lines: lines.filter(({ confidence }) => confidence >= lowest).slice(0, maxLines), picture };
  },
};

async function linesOf(context: StepContext, model: LoadedModel): Promise<readonly TextLine[]> {
  const { pixels, scale } = await boundedPixels(context.picture);
  return readLines(context, model, { pixels, toPicture: ({ x, y }) => ({ x: x / scale, y: y / scale }) });
}

/** Reads the lines of a part of the picture and brings their places back to the whole. */
export async function readLines(
  context: StepContext,
  model: LoadedModel,
  { pixels, toPicture }: { pixels: PixelBuffer; toPicture: (point: Point) => Point },
): Promise<readonly TextLine[]> {
  const session = requireReader(model);
  const found = await context.infer(() => session.read(pixels));
  const { width, height } = await context.picture.size();
  const inside = ({ x, y }: Point): Point => ({ x: Math.min(Math.max(x, 0), width), y: Math.min(Math.max(y, 0), height) });
  return joinLines(found).map(({ text, confidence, box, polygon }) => {
    return {
      text,
      confidence,
      box: mapBox(box, (point) => inside(toPicture(point))),
      polygon: polygon.map((point) => inside(toPicture(point))),
    };
  });
}

async function boundedPixels(picture: Picture): Promise<{ pixels: PixelBuffer; scale: number }> {
  const { width, height } = await picture.size();
  const scale = Math.min(1, maxSidePixels / Math.max(width, height));
  if (scale === 1) return { pixels: await picture.pixels(), scale };
  const target = { widthPixels: Math.max(1, Math.round(width * scale)), heightPixels: Math.max(1, Math.round(height * scale)) };
  return { pixels: await picture.stretch(target), scale };
}

function requireReader({ manifest, session }: LoadedModel): TextSession {
  if (session.type === 'text') return session;
  throw new Error(`model "${manifest.name}" reads no text`);
}

function mapBox({ x1, y1, x2, y2 }: BoxXyxy, map: (point: Point) => Point): BoxXyxy {
  const from = map({ x: x1, y: y1 });
  const to = map({ x: x2, y: y2 });
  return { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
}
