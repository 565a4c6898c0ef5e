import { clipBox, scaleBox, suppressNonMaxima, type PictureSize, type ScoredBox } from '@nightjar/geometry';
import type { SessionOutputs } from '../backends/onnx/onnx-session.js';
import type { DetectedObject } from '../engine/protocol.js';
import { decodeNanodet } from '../models/decoders/nanodet-decoder.js';
import type { LoadedModel } from '../models/loaded-model.js';
import type { ModelManifest } from '../models/model-manifest.js';
import { readPicture } from './read-picture.js';

export interface Detections {
  /** Best score first. */
  readonly objects: DetectedObject[];
  readonly picture: PictureSize;
  readonly timingsMs: { readonly decode: number; readonly infer: number; readonly postprocess: number };
}

interface DecoderInput {
  readonly manifest: ModelManifest;
  readonly classIds: readonly number[];
  readonly minScore: number;
}

type Decoder = (outputs: SessionOutputs, input: DecoderInput) => ScoredBox[];

const decoders: Readonly<Record<ModelManifest['decoder'], Decoder>> = {
  nanodet: (outputs, { manifest, classIds, minScore }) =>
    decodeNanodet(outputs, {
      inputWidthPixels: manifest.input.widthPixels,
      inputHeightPixels: manifest.input.heightPixels,
      classes: manifest.labels.length,
      classIds,
      minScore,
    }),
};

/**
 * Compressed picture in, boxes out: decode once, run the model, read its outputs, drop duplicates.
 * @throws AppError `invalid_argument` when the picture can't be decoded
 */
export async function detectObjects(
  bytes: Uint8Array,
  options: { model: LoadedModel; labels: readonly string[]; minScore: number },
): Promise<Detections> {
  const { model, labels, minScore } = options;
  const { manifest } = model;
  const startedMs = performance.now();
  const { pixels, picture } = await readPicture(bytes, manifest.input);
  const decodedMs = performance.now();
  const outputs = await model.session.run(pixels);
  const inferredMs = performance.now();

  const classIds = manifest.labels.flatMap((label, classId) => (labels.includes(label) ? [classId] : []));
  const candidates = decoders[manifest.decoder](outputs, { manifest, classIds, minScore });
  const objects = dropDuplicates(candidates, manifest).map(({ box, score, classId }) => ({
    box: clipBox(scaleBox(box, picture.width / manifest.input.widthPixels, picture.height / manifest.input.heightPixels), picture),
    label: manifest.labels[classId] ?? `class ${classId}`,
    score,
  }));
  const doneMs = performance.now();
  return {
    objects,
    picture,
    timingsMs: { decode: decodedMs - startedMs, infer: inferredMs - decodedMs, postprocess: doneMs - inferredMs },
  };
}

function dropDuplicates(candidates: readonly ScoredBox[], { defaults }: ModelManifest): ScoredBox[] {
  const perClass = suppressNonMaxima(candidates, { maxIou: defaults.maxIou, scope: 'same-class' });
  return suppressNonMaxima(perClass, { maxIou: defaults.maxIouAcrossClasses, scope: 'any-class' });
}
