import type { BoxXyxy, ScoredBox } from '@nightjar/geometry';
import type { Tensors } from '../../backends/tensor.js';
import { bestOfEveryClass, keepBest } from './best-candidates.js';
import { boxFromCorners } from './box-reading.js';
import type { DetectorDecoding } from './detector-decoding.js';
import { requireShape, type CheckedOutput } from './model-outputs.js';

/** A grid of cells on the model's input: each cell may hold one object. */
interface Level {
  readonly scores: string;
  readonly sides: string;
  /** Distance of neighbouring cell centres, in pixels of the input. */
  readonly stridePixels: number;
}

const levels: readonly Level[] = [
  { scores: 'Identity', sides: 'Identity_3', stridePixels: 8 },
  { scores: 'Identity_1', sides: 'Identity_4', stridePixels: 16 },
  { scores: 'Identity_2', sides: 'Identity_5', stridePixels: 32 },
];

/** A side's distance is the mean of a distribution over 0, 1, … 10 strides. */
const binsPerSide = 11;
const sidesPerBox = 4;

/** The outputs that have to be there; the model's graph is cut to them. */
export const nanodetOutputs: readonly string[] = levels.flatMap(({ scores, sides }) => [scores, sides]);

/**
 * Reads NanoDet's outputs for one picture: every cell and class with a score of at least `minScore`, as a box in pixels of
 * the model's input. Overlaps are left in: suppress them afterwards.
 * Formula: Generalized Focal Loss (Li et al. 2020), as in the NanoDet repository; scores come out of the graph as probabilities.
 * Shapes, for strides of 8, 16 and 32 pixels: scores `[1, cells, classes]`, sides `[1, cells, 44]`.
 * @throws Error when the outputs are not those of NanoDet, or hold something that is no number
 */
export function decodeNanodet(outputs: Tensors, decoding: DetectorDecoding): ScoredBox[] {
  return keepBest(levels.flatMap((level) => decodeLevel(outputs, level, decoding)));
}

function decodeLevel(outputs: Tensors, level: Level, decoding: DetectorDecoding): ScoredBox[] {
  const { classes } = decoding;
  const { stridePixels } = level;
  const columns = Math.ceil(decoding.inputWidthPixels / stridePixels);
  const cells = columns * Math.ceil(decoding.inputHeightPixels / stridePixels);
  const scores = requireShape(outputs, level.scores, [1, cells, classes]);
  const sides = requireShape(outputs, level.sides, [1, cells, sidesPerBox * binsPerSide]);
  const best = bestOfEveryClass(scores, { places: cells, start: 0, placeStep: classes, classStep: 1 }, decoding);
  return best.map(({ score, classId, place }) => ({ box: boxOfCell({ sides, cell: place, columns, stridePixels }), score, classId }));
}

function boxOfCell(place: { sides: CheckedOutput; cell: number; columns: number; stridePixels: number }): BoxXyxy {
  const { sides, cell, columns, stridePixels } = place;
  const centreX = ((cell % columns) + 0.5) * stridePixels;
  const centreY = (Math.floor(cell / columns) + 0.5) * stridePixels;
  const distance = (side: number) => expectedBin(sides.data, (cell * sidesPerBox + side) * binsPerSide) * stridePixels;
  return boxFromCorners(sides.name, [centreX - distance(0), centreY - distance(1), centreX + distance(2), centreY + distance(3)]);
}

/** Mean of the softmax of `binsPerSide` logits. The largest is taken off first, so that no exponential overflows. */
function expectedBin(logits: Float32Array, start: number): number {
  let largest = -Infinity;
  for (let bin = 0; bin < binsPerSide; bin++) largest = Math.max(largest, logits[start + bin]!);
  let total = 0;
  let weighted = 0;
  for (let bin = 0; bin < binsPerSide; bin++) {
    const weight = Math.exp(logits[start + bin]! - largest);
    total += weight;
    weighted += weight * bin;
  }
  return weighted / total;
}
