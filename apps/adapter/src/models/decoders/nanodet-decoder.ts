import type { BoxXyxy, ScoredBox } from '@nightjar/geometry';

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

export interface NanodetDecoding {
  readonly inputWidthPixels: number;
  readonly inputHeightPixels: number;
  readonly classes: number;
  /** Only these classes are looked at; absent: all. */
  readonly classIds?: readonly number[];
  readonly minScore: number;
}

/**
 * Reads NanoDet's outputs for one picture: every cell and class with a score of at least `minScore`, as a box in pixels of
 * the model's input. Overlaps are left in: suppress them afterwards.
 * Formula: Generalized Focal Loss (Li et al. 2020), as in the NanoDet repository; scores come out of the graph as probabilities.
 */
export function decodeNanodet(outputs: ReadonlyMap<string, Float32Array>, decoding: NanodetDecoding): ScoredBox[] {
  return levels.flatMap((level) => decodeLevel(outputs, level, decoding));
}

function decodeLevel(outputs: ReadonlyMap<string, Float32Array>, level: Level, decoding: NanodetDecoding): ScoredBox[] {
  const scores = requireOutput(outputs, level.scores);
  const sides = requireOutput(outputs, level.sides);
  const { classes, minScore, classIds } = decoding;
  const columns = Math.ceil(decoding.inputWidthPixels / level.stridePixels);
  const rows = Math.ceil(decoding.inputHeightPixels / level.stridePixels);
  const wanted = classIds ?? Array.from({ length: classes }, (_, classId) => classId);
  const found: ScoredBox[] = [];
  for (let cell = 0; cell < columns * rows; cell++) {
    for (const classId of wanted) {
      const score = scores[cell * classes + classId]!;
      // Written so that NaN, which broken weights give, is refused too.
      if (!(score >= minScore)) continue;
      found.push({ box: boxOfCell({ sides, cell, columns, stridePixels: level.stridePixels }), score, classId });
    }
  }
  return found;
}

function boxOfCell(place: { sides: Float32Array; cell: number; columns: number; stridePixels: number }): BoxXyxy {
  const { sides, cell, columns, stridePixels } = place;
  const centreX = ((cell % columns) + 0.5) * stridePixels;
  const centreY = (Math.floor(cell / columns) + 0.5) * stridePixels;
  const distance = (side: number) => expectedBin(sides, (cell * sidesPerBox + side) * binsPerSide) * stridePixels;
  return { x1: centreX - distance(0), y1: centreY - distance(1), x2: centreX + distance(2), y2: centreY + distance(3) };
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

function requireOutput(outputs: ReadonlyMap<string, Float32Array>, name: string): Float32Array {
  const output = outputs.get(name);
  if (!output) throw new Error(`the model has no output "${name}"`);
  return output;
}
