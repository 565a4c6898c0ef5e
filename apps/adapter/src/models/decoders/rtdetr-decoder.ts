import type { ScoredBox } from '@nightjar/geometry';
import type { Tensors } from '../../backends/tensor.js';
import { bestOfChosen, bestOfEveryClass } from './best-candidates.js';
import { boxReader } from './box-reading.js';
import { sigmoid, type DetectorDecoding } from './detector-decoding.js';
import { findOutput, hasOutput, requireNumbers, requireShape } from './model-outputs.js';
import { yoloOutput } from './yolo-decoder.js';

const usualNames = {
  logits: ['logits', 'pred_logits'],
  boxes: ['pred_boxes', 'boxes'],
  scores: ['scores'],
  labels: ['labels'],
} as const;

/**
 * Reads an RT-DETR's outputs for one picture. The model gives one box per object: nothing is left to suppress. Three forms:
 * - **transformers' export**: logits `[1, N, classes]` and cx, cy, w, h in fractions of the input `[1, N, 4]`;
 * - **the repository's deploy export**: class numbers and scores `[1, N]`, x1, y1, x2, y2 `[1, N, 4]` in pixels of the size
 *   that the model is told, which must be that of its input;
 * - **Ultralytics' export**: one output `[1, N, 4 + classes]` of cx, cy, w, h in fractions, and probabilities.
 * N is usually 300. Formula: DETRs Beat YOLOs on Real-time Object Detection (Zhao et al. 2023); a score is the sigmoid of a logit.
 * @throws Error when the outputs are not those of such a model, or hold something that is no number
 */
export function decodeRtdetr(outputs: Tensors, decoding: DetectorDecoding): ScoredBox[] {
  if (outputs.size === 1) return decodeJoined(outputs, decoding);
  const deployed = hasOutput(outputs, { part: 'scores', usualNames: usualNames.scores, outputNames: decoding.outputNames });
  return deployed ? decodeDeployed(outputs, decoding) : decodeLogits(outputs, decoding);
}

function decodeLogits(outputs: Tensors, decoding: DetectorDecoding): ScoredBox[] {
  const { classes } = decoding;
  const logits = requireShape(outputs, nameOf('logits', outputs, decoding), [1, 'N', classes]);
  const places = logits.dims[1]!;
  const output = requireShape(outputs, nameOf('boxes', outputs, decoding), [1, places, 4]);
  const scores = { ...logits, data: logits.data.map(sigmoid) };
  const best = bestOfEveryClass(scores, { places, start: 0, placeStep: classes, classStep: 1 }, decoding);
  const boxAt = boxReader({ output, form: 'centre and size', placeStep: 4, usualUnits: 'fractions' }, decoding);
  return best.map(({ score, classId, place }) => ({ box: boxAt(place), score, classId }));
}

function decodeDeployed(outputs: Tensors, decoding: DetectorDecoding): ScoredBox[] {
  const scores = requireShape(outputs, nameOf('scores', outputs, decoding), [1, 'N']);
  const count = scores.dims[1]!;
  const output = requireShape(outputs, nameOf('boxes', outputs, decoding), [1, count, 4]);
  const classOutput = nameOf('labels', outputs, decoding);
  const labels = requireNumbers(outputs, classOutput, [1, count]);
  const best = bestOfChosen(
    {
      count,
      scoreOutput: scores.name,
      score: (place) => scores.data[place]!,
      classOutput,
      classNumber: (place) => labels[place]!,
      firstClassNumber: decoding.firstClassNumber ?? 0,
    },
    decoding,
  );
  const boxAt = boxReader({ output, form: 'x1 y1 x2 y2', placeStep: 4, usualUnits: 'pixels' }, decoding);
  return best.map(({ score, classId, place }) => ({ box: boxAt(place), score, classId }));
}

function decodeJoined(outputs: Tensors, decoding: DetectorDecoding): ScoredBox[] {
  const placeStep = 4 + decoding.classes;
  const output = requireShape(outputs, yoloOutput(outputs, decoding), [1, 'N', placeStep]);
  const best = bestOfEveryClass(output, { places: output.dims[1]!, start: 4, placeStep, classStep: 1 }, decoding);
  const boxAt = boxReader({ output, form: 'centre and size', placeStep, usualUnits: 'fractions' }, decoding);
  return best.map(({ score, classId, place }) => ({ box: boxAt(place), score, classId }));
}

function nameOf(part: keyof typeof usualNames, outputs: Tensors, { outputNames }: DetectorDecoding): string {
  return findOutput(outputs, { part, usualNames: usualNames[part], outputNames });
}
