import { boxArea, clipBox, type BoxXyxy } from '@nightjar/geometry';
import type { DetectedObject, PlateReading } from '../../engine/engine-tasks.js';
import type { LoadedModel } from '../../models/loaded-model.js';
import type { PixelSize } from '../../pictures/picture.js';
import { detectObjects } from '../detect-objects.js';
import type { EngineTask, StepContext } from '../engine-task.js';
import { plateTextOf } from './plate-text.js';
import { readLines } from './read-text.js';

const vehicleLabels = ['car', 'truck', 'bus', 'motorcycle'];
/** Lower than for a tracker: a vehicle in doubt with a plate on it is one. */
const vehicleMinScore = 0.3;
/** The largest ones: a plate on a smaller one has too few pixels anyway. */
const maxVehicles = 6;
const smallestVehiclePixels = 64;
/** A vehicle is looked at with this longer side: a plate, a sixth of its width, is then about 160 pixels wide. */
const vehicleSidePixels = 960;
/** From here on a reading is good enough to act on, unless the caller says otherwise. */
const standardMinConfidence = 0.8;
/** Readings below are not worth telling. */
const lowestConfidence = 0.4;
/** Plates are wider than high. Square ones of motorcycles have two lines, of which each is wide. */
const narrowestRatio = 1.5;

/**
 * Plate-like lines inside vehicles. A reading that is weak, or of an unusual form, is told and not accepted.
 */
export const readPlates: EngineTask<'read_plates'> = {
  needsPixels: true,
  async run(context, { model: name, minConfidence = standardMinConfidence }) {
    const reader = await context.use('text_reader', name);
    const { objects } = await detectObjects.run(context, { labels: vehicleLabels, minScore: vehicleMinScore });
    const plates: PlateReading[] = [];
    for (const vehicle of largest(objects)) plates.push(...(await platesOf(context, { reader, vehicle, minConfidence })));
    plates.sort((a, b) => b.confidence - a.confidence);
    return { plates: withoutRepeats(plates), minConfidence, picture: await context.picture.size() };
  },
};

function largest(vehicles: readonly DetectedObject[]): DetectedObject[] {
  const isLarge = ({ box }: DetectedObject) => box.x2 - box.x1 >= smallestVehiclePixels && box.y2 - box.y1 >= smallestVehiclePixels / 2;
  return [...vehicles]
    .filter(isLarge)
    .sort((a, b) => boxArea(b.box) - boxArea(a.box))
    .slice(0, maxVehicles);
}

async function platesOf(
  context: StepContext,
  { reader, vehicle, minConfidence }: { reader: LoadedModel; vehicle: DetectedObject; minConfidence: number },
): Promise<PlateReading[]> {
  const picture = await context.picture.size();
  const part = clipBox(vehicle.box, picture);
  const size = sizeFor(part);
  const pixels = await context.picture.crop(part, size);
  const scaleX = (part.x2 - part.x1) / size.widthPixels;
  const scaleY = (part.y2 - part.y1) / size.heightPixels;
  const lines = await readLines(context, reader, {
    pixels,
    toPicture: ({ x, y }) => ({ x: part.x1 + x * scaleX, y: part.y1 + y * scaleY }),
  });
  return lines.flatMap(({ text: line, confidence, box }) => {
    const plate = plateTextOf(line);
    const isWide = box.x2 - box.x1 >= narrowestRatio * (box.y2 - box.y1);
    if (!plate || !isWide || confidence < lowestConfidence) return [];
    return [{ text: plate.text, confidence, accepted: plate.isUsual && confidence >= minConfidence, box, vehicle }];
  });
}

function sizeFor(part: BoxXyxy): PixelSize {
  const width = part.x2 - part.x1;
  const height = part.y2 - part.y1;
  const scale = vehicleSidePixels / Math.max(width, height);
  return { widthPixels: Math.max(1, Math.round(width * scale)), heightPixels: Math.max(1, Math.round(height * scale)) };
}

/** A vehicle that was found twice (car and truck) has its plate read twice. */
function withoutRepeats(plates: readonly PlateReading[]): PlateReading[] {
  const isSame = (a: PlateReading, b: PlateReading) => a.text === b.text && boxArea(overlap(a.box, b.box)) > 0.5 * boxArea(a.box);
  return plates.filter((plate, index) => !plates.slice(0, index).some((earlier) => isSame(plate, earlier)));
}

function overlap(a: BoxXyxy, b: BoxXyxy): BoxXyxy {
  return { x1: Math.max(a.x1, b.x1), y1: Math.max(a.y1, b.y1), x2: Math.min(a.x2, b.x2), y2: Math.min(a.y2, b.y2) };
}
