import { clipBox, suppressNonMaxima, type ScoredBox } from '@nightjar/geometry';
import { AppError } from '@nightjar/runtime/app-error';
import type { EngineTasks } from '../engine/engine-tasks.js';
import { detectorDecoders, type DetectorDecoderName } from '../models/decoders/detector-decoders.js';
import type { DetectorDecoding } from '../models/decoders/detector-decoding.js';
import { isDetectorDecoder, requireInput, type ModelManifest } from '../models/model-manifest.js';
import type { EngineTask } from './engine-task.js';
import { readOutputs, runOnWholePicture } from './run-on-whole-picture.js';

type Detections = EngineTasks['detect_objects']['result'];

/** More objects are noise of a model or of a score near 0. */
const maxObjects = 300;
/** Of a model that knows thousands, an error shows some. */
const shownLabelsMax = 100;

/**
 * Compressed picture in, boxes out: decode once, run the model, read its outputs, drop duplicates. Steps of one request that look
 * for different labels share one run of the model.
 */
export const detectObjects: EngineTask<'detect_objects'> = {
  async run(context, { model: name, labels: wantedLabels, refuseUnknownLabels, minScore }) {
    const { model, fitted, outputs } = await runOnWholePicture(context, { kind: 'detector', name });
    const { labels, defaults } = model.manifest;
    const decoder = detectorDecoders[decoderOf(model.manifest)];
    if (refuseUnknownLabels) requireKnownLabels(wantedLabels ?? [], labels);
    const classIds = wantedLabels && labels.flatMap((label, classId) => (wantedLabels.includes(label) ? [classId] : []));
    const decoding = decodingOf(model.manifest, { classIds, minScore: minScore ?? defaults.minScore });
    const candidates = readOutputs(model, () => decoder.decode(outputs, decoding));
    const kept = decoder.overlaps === 'resolved by the model' ? candidates : dropDuplicates(candidates, model.manifest);
    const picture = await context.picture.size();
    const objects = kept.slice(0, maxObjects).map(({ box, score, classId }) => ({
      box: clipBox(fitted.boxToPicture(box), picture),
      label: labels[classId] ?? `class ${classId}`,
      score,
      classId,
    }));
    return { objects, picture, candidates: candidates.length } satisfies Detections;
  },
};

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
