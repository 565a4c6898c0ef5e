import type { ScoredBox } from '@nightjar/geometry';
import type { Tensors } from '../../backends/tensor.js';
import { BestCandidates, bestOfChosen, bestOfEveryClass, wantedClasses, type Candidate } from './best-candidates.js';
import { boxReader } from './box-reading.js';
import type { DetectorDecoding } from './detector-decoding.js';
import { findOutput, requireShape, type CheckedOutput } from './model-outputs.js';

/** What exporters call the one output that holds boxes and scores. */
const usualNames = ['output0', 'output', 'outputs', 'predictions', 'Identity'];

/** Numbers of a box in front of its scores. */
const boxNumbers = 4;

/**
 * Reads the output of YOLOv8, YOLO11 and their kin for one picture: per place cx, cy, w, h in pixels of the input and the
 * probability of every class. Overlaps are left in; one place can give a box for each of several classes.
 * Shape: `[1, 4 + classes, N]` as Ultralytics exports it to ONNX, or `[1, N, 4 + classes]`.
 * Formula: Ultralytics' documentation of its exports; grid and distances are decoded inside the graph.
 * @throws Error when the output is not that of such a model, or holds something that is no number
 */
export function decodeYolov8(outputs: Tensors, decoding: DetectorDecoding): ScoredBox[] {
  const depth = boxNumbers + decoding.classes;
  const output = requireShape(outputs, yoloOutput(outputs, decoding), [1, depth, 'N'], [1, 'N', depth]);
  const placesLast = output.dims[1] === depth;
  const places = output.dims[placesLast ? 2 : 1]!;
  const [placeStep, numberStep] = placesLast ? [1, places] : [depth, 1];
  const best = bestOfEveryClass(output, { places, start: boxNumbers * numberStep, placeStep, classStep: numberStep }, decoding);
  const boxAt = boxReader({ output, form: 'centre and size', placeStep, numberStep, usualUnits: 'pixels' }, decoding);
  return best.map(({ score, classId, place }) => ({ box: boxAt(place), score, classId }));
}

/**
 * Reads the output of YOLOv5 (of YOLOv7, and of YOLOX exported with `--decode_in_inference`) for one picture: per place cx, cy, w,
 * h in pixels of the input, the probability that there is an object, and that of every class if there is one. Overlaps are left in.
 * Shape: `[1, N, 5 + classes]`. Formula: You Only Look Once (Redmon et al. 2016): a score is the product of both probabilities.
 * @throws Error when the output is not that of such a model, or holds something that is no number
 */
export function decodeYolov5(outputs: Tensors, decoding: DetectorDecoding): ScoredBox[] {
  const placeStep = boxNumbers + 1 + decoding.classes;
  const output = requireShape(outputs, yoloOutput(outputs, decoding), [1, 'N', placeStep]);
  const boxAt = boxReader({ output, form: 'centre and size', placeStep, usualUnits: 'pixels' }, decoding);
  return bestWithObjectness(output, decoding).map(({ score, classId, place }) => ({ box: boxAt(place), score, classId }));
}

/** The best scores of an output `[1, N, 5 + classes]`, in which the probability of an object stands before those of the classes. */
export function bestWithObjectness({ name, data, dims }: CheckedOutput, decoding: DetectorDecoding): Candidate[] {
  const { minScore } = decoding;
  const [, places = 0, depth = 0] = dims;
  const wanted = wantedClasses(decoding);
  const candidates = new BestCandidates(name);
  for (let place = 0; place < places; place++) {
    const start = place * depth + boxNumbers;
    const objectness = data[start]!;
    // No class can lift the product above it.
    if (objectness < minScore) continue;
    for (const classId of wanted) {
      const score = objectness * data[start + 1 + classId]!;
      if (!(score < minScore)) candidates.offer(score, classId, place);
    }
  }
  return candidates.best();
}

/**
 * Reads the output of an end-to-end model for one picture (YOLOv10, YOLO26, or an export with `nms=True`), which leaves no
 * overlaps: rows of x1, y1, x2, y2 in pixels of the input, score, class number. Unused rows have a score of 0.
 * Shape: `[1, N, 6]`, N usually 300. Formula: Ultralytics' documentation of end-to-end detection.
 * @throws Error when the output is not that of such a model, holds something that is no number, or a class without label
 */
export function decodeEndToEndYolo(outputs: Tensors, decoding: DetectorDecoding): ScoredBox[] {
  const placeStep = boxNumbers + 2;
  const output = requireShape(outputs, yoloOutput(outputs, decoding), [1, 'N', placeStep]);
  const { name, data, dims } = output;
  const best = bestOfChosen(
    {
      count: dims[1]!,
      scoreOutput: name,
      score: (place) => data[place * placeStep + boxNumbers]!,
      classOutput: name,
      classNumber: (place) => data[place * placeStep + boxNumbers + 1]!,
      firstClassNumber: decoding.firstClassNumber ?? 0,
    },
    decoding,
  );
  const boxAt = boxReader({ output, form: 'x1 y1 x2 y2', placeStep, usualUnits: 'pixels' }, decoding);
  return best.map(({ score, classId, place }) => ({ box: boxAt(place), score, classId }));
}

/** Name of the one output of a YOLO model, whatever its exporter calls it. */
export function yoloOutput(outputs: Tensors, { outputNames }: DetectorDecoding): string {
  return findOutput(outputs, { part: 'predictions', usualNames, outputNames });
}
