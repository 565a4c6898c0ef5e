import type { ScoredBox } from '@nightjar/geometry';
import type { Tensors } from '../../backends/tensor.js';
import { bestOfChosen, bestOfEveryClass } from './best-candidates.js';
import { boxReader } from './box-reading.js';
import type { DetectorDecoding } from './detector-decoding.js';
import { findOutput, hasOutput, requireNumbers, requireOutput, requireShape } from './model-outputs.js';

/** Usual names by part: of the TensorFlow Object Detection API, of torchvision, of other exports. */
const usualNames = {
  boxes: ['detection_boxes', 'boxes', 'bboxes'],
  scores: ['detection_scores', 'scores', 'confidences'],
  classes: ['detection_classes', 'classes', 'labels'],
  count: ['num_detections', 'num_dets', 'count'],
} as const;

/**
 * Reads an SSD-like model's outputs for one picture, in either of two forms:
 * - **chosen inside the graph** (TensorFlow Object Detection API): boxes `[1, N, 4]` as y1, x1, y2, x2, scores `[1, N]`, class
 *   numbers `[1, N]` counted from 1 (`firstClassNumber` can say otherwise), and how many of the N are valid `[1]` (can be missing);
 * - **raw with decoded boxes**: boxes `[1, N, 4]` as x1, y1, x2, y2 and probabilities `[1, N, classes]`, or
 *   `[1, N, classes + 1]` where the first is the background. Overlaps are left in.
 * Boxes are in fractions of the input unless `boxUnits` says pixels.
 * Formula: SSD (Liu et al. 2016) and the documentation of the TensorFlow Object Detection API's exporter.
 * @throws Error when the outputs are not those of such a model, or hold something that is no number
 */
export function decodeSsd(outputs: Tensors, decoding: DetectorDecoding): ScoredBox[] {
  const { dims } = requireOutput(outputs, nameOf('scores', outputs, decoding));
  return dims.length === 2 ? decodeChosen(outputs, decoding) : decodeRaw(outputs, decoding);
}

function decodeChosen(outputs: Tensors, decoding: DetectorDecoding): ScoredBox[] {
  const output = requireShape(outputs, nameOf('boxes', outputs, decoding), [1, 'N', 4]);
  const rows = output.dims[1]!;
  const scores = requireShape(outputs, nameOf('scores', outputs, decoding), [1, rows]);
  const classOutput = nameOf('classes', outputs, decoding);
  const classNumbers = requireNumbers(outputs, classOutput, [1, rows]);
  const best = bestOfChosen(
    {
      count: Math.min(rows, validRows(outputs, decoding)),
      scoreOutput: scores.name,
      score: (row) => scores.data[row]!,
      classOutput,
      classNumber: (row) => classNumbers[row]!,
      firstClassNumber: decoding.firstClassNumber ?? 1,
    },
    decoding,
  );
  const boxAt = boxReader({ output, form: 'y1 x1 y2 x2', placeStep: 4, usualUnits: 'fractions' }, decoding);
  return best.map(({ score, classId, place }) => ({ box: boxAt(place), score, classId }));
}

function validRows(outputs: Tensors, decoding: DetectorDecoding): number {
  const wanted = { part: 'count', usualNames: usualNames.count, outputNames: decoding.outputNames };
  if (!hasOutput(outputs, wanted)) return Infinity;
  return requireNumbers(outputs, findOutput(outputs, wanted), [1], [1, 1], [])[0]!;
}

function decodeRaw(outputs: Tensors, decoding: DetectorDecoding): ScoredBox[] {
  const output = requireShape(outputs, nameOf('boxes', outputs, decoding), [1, 'N', 4]);
  const places = output.dims[1]!;
  const { classes } = decoding;
  const scores = requireShape(outputs, nameOf('scores', outputs, decoding), [1, places, classes], [1, places, classes + 1]);
  const placeStep = scores.dims[2]!;
  const background = placeStep - classes;
  const best = bestOfEveryClass(scores, { places, start: background, placeStep, classStep: 1 }, decoding);
  const boxAt = boxReader({ output, form: 'x1 y1 x2 y2', placeStep: 4, usualUnits: 'fractions' }, decoding);
  return best.map(({ score, classId, place }) => ({ box: boxAt(place), score, classId }));
}

function nameOf(part: keyof typeof usualNames, outputs: Tensors, { outputNames }: DetectorDecoding): string {
  return findOutput(outputs, { part, usualNames: usualNames[part], outputNames });
}
