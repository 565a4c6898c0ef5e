import { clipBox, pixelLtwh, suppressNonMaxima, type BoxXyxy, type ScoredBox } from '@nightjar/geometry';
import { AppError } from '@nightjar/runtime/app-error';
import type { DetectedObject, EngineTasks } from '../engine/engine-tasks.js';
import { detectorDecoders, type DetectorDecoderName } from '../models/decoders/detector-decoders.js';
import type { DetectorDecoding } from '../models/decoders/detector-decoding.js';
import { requireTensors } from '../models/loaded-model.js';
import { isDetectorDecoder, requireInput, type ModelManifest } from '../models/model-manifest.js';
import type { EngineTask } from './engine-task.js';
import { readOutputs, runOnPart, runOnWholePicture, type PictureRun } from './run-on-whole-picture.js';

type Detections = EngineTasks['detect_objects']['result'];

/** More objects are noise of a model or of a score near 0. */
const maxObjects = 300;
/** Of a model that knows thousands, an error shows some. */
const shownLabelsMax = 100;

/**
 * Compressed picture in, boxes out: decode once, run the model, read its outputs, drop duplicates. Steps of one request that look
 * for different labels share one run of the model. Parts of the picture are looked at one after the other; what is seen on two of
 * them comes twice.
 */
export const detectObjects: EngineTask<'detect_objects'> = {
  async run(context, { model: name, labels: wantedLabels, refuseUnknownLabels, minScore, regions }) {
    const model = requireTensors(await context.use('detector', name));
    const { labels, defaults } = model.manifest;
    if (refuseUnknownLabels) requireKnownLabels(wantedLabels ?? [], labels);
    const classIds = wantedLabels && labels.flatMap((label, classId) => (wantedLabels.includes(label) ? [classId] : []));
    const decoding = decodingOf(model.manifest, { classIds, minScore: minScore ?? defaults.minScore });
    const input = { width: decoding.inputWidthPixels, height: decoding.inputHeightPixels };
    if (!regions) {
      const picture = await context.picture.size();
      const run = await runOnWholePicture(context, { kind: 'detector', name });
      context.afterwards(() => model.session.free?.(run.outputs));
      const found = readObjects(run, decoding);
      return { ...found, objects: found.objects.map((object) => ({ ...object, box: clipBox(object.box, picture) })), picture, input };
    }
    const objects: Detections['objects'][number][] = [];
    let candidates = 0;
    for (const [region, box] of regions.entries()) {
      const run = await runOnPart(context, { box, model });
      const found = readObjects(run, decoding);
      model.session.free?.(run.outputs);
      const picture = await context.picture.size();
      const [left, top, width, height] = pixelLtwh(box, picture);
      candidates += found.candidates;
      for (const object of found.objects)
        objects.push({ ...object, box: moveBox(clipBox(object.box, { width, height }), left, top), region });
    }
    return { objects, picture: await context.picture.size(), candidates, input } satisfies Detections;
  },
};

/** Boxes in pixels of what the model looked at. */
function readObjects(
  { fitted, model, outputs }: PictureRun,
  decoding: DetectorDecoding,
): { objects: DetectedObject[]; candidates: number } {
  const decoder = detectorDecoders[decoderOf(model.manifest)];
  const candidates = readOutputs(model, () => decoder.decode(outputs, decoding));
  const kept = decoder.overlaps === 'resolved by the model' ? candidates : dropDuplicates(candidates, model.manifest);
  const objects = kept.slice(0, maxObjects).map(({ box, score, classId }) => ({
    box: fitted.boxToPicture(box),
    label: model.manifest.labels[classId] ?? `class ${classId}`,
    score,
    classId,
  }));
  return { objects, candidates: candidates.length };
}

function moveBox({ x1, y1, x2, y2 }: BoxXyxy, right: number, down: number): BoxXyxy {
  return { x1: x1 + right, y1: y1 + down, x2: x2 + right, y2: y2 + down };
}

/** @throws AppError `invalid_argument` that names the labels there are */
function requireKnownLabels(wanted: readonly string[], labels: readonly string[]): void {
  const unknown = wanted.find((label) => !labels.includes(label));
  if (unknown === undefined) return;
  const known = labels.slice(0, shownLabelsMax).join(', ');
  throw new AppError('invalid_argument', `Invalid input: labels: the model knows no '${unknown.slice(0, 64)}'; it knows ${known}`);
}

function decoderOf({ name, decoder }: ModelManifest): DetectorDecoderName {
  if (isDetectorDecoder(decoder)) return decoder;
  throw new Error(`model "${name}" is no detector`);
}

function decodingOf(manifest: ModelManifest, asked: Pick<DetectorDecoding, 'classIds' | 'minScore'>): DetectorDecoding {
  const { widthPixels: inputWidthPixels, heightPixels: inputHeightPixels } = requireInput(manifest);
  const { outputNames, boxUnits, firstClassNumber } = manifest.decoding;
  return { inputWidthPixels, inputHeightPixels, classes: manifest.labels.length, outputNames, boxUnits, firstClassNumber, ...asked };
}

function dropDuplicates(candidates: readonly ScoredBox[], { defaults }: ModelManifest): readonly ScoredBox[] {
  const perClass = suppressNonMaxima(candidates, { maxIou: defaults.maxIou, scope: 'same-class' });
  return suppressNonMaxima(perClass, { maxIou: defaults.maxIouAcrossClasses, scope: 'any-class' });
}
