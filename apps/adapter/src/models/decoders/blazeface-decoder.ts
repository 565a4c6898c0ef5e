import type { Tensors } from '../../backends/tensor.js';
import { BestCandidates, keepBest } from './best-candidates.js';
import { boxFromCentre, pointOf } from './box-reading.js';
import { sigmoid, type FaceDecoding, type ScoredFace } from './detector-decoding.js';
import { requireShape } from './model-outputs.js';

/** A grid of anchors over the square input; each has a score and a row of 16 numbers. */
interface Level {
  readonly scores: string;
  readonly rows: string;
  /** Anchors stand in the middle of the cells of a square grid, several in one place. */
  readonly cellsPerSide: number;
  readonly anchorsPerCell: number;
}

const levels: readonly Level[] = [
  { scores: 'Identity', rows: 'Identity_2', cellsPerSide: 16, anchorsPerCell: 2 },
  { scores: 'Identity_1', rows: 'Identity_3', cellsPerSide: 8, anchorsPerCell: 6 },
];

/** The outputs that have to be there. */
export const blazefaceOutputs: readonly string[] = levels.flatMap(({ scores, rows }) => [scores, rows]);

/** Left eye, right eye, nose tip, middle of the mouth, left ear, right ear; left and right as seen in the picture of an upright face. */
const landmarks = 6;
const numbersPerRow = 4 + 2 * landmarks;

/**
 * Reads BlazeFace's outputs for one square picture: per anchor the logit of a score, and cx, cy, w, h and six landmarks relative
 * to the anchor, in pixels of the input. Overlaps are left in: suppress above an IoU of .3.
 * Formula: BlazeFace (Bazarevsky et al. 2019) and MediaPipe's face detection, whose anchors have a fixed size.
 * Shapes: scores `[1, 512, 1]` and `[1, 384, 1]`, rows `[1, 512, 16]` and `[1, 384, 16]`.
 * @throws Error when the outputs are not those of BlazeFace, or hold something that is no number
 */
export function decodeBlazeface(outputs: Tensors, decoding: FaceDecoding): ScoredFace[] {
  return keepBest(levels.flatMap((level) => decodeLevel(outputs, level, decoding)));
}

function decodeLevel(outputs: Tensors, level: Level, { inputWidthPixels, minScore }: FaceDecoding): ScoredFace[] {
  const { cellsPerSide, anchorsPerCell } = level;
  const anchors = cellsPerSide ** 2 * anchorsPerCell;
  const scores = requireShape(outputs, level.scores, [1, anchors, 1]);
  const rows = requireShape(outputs, level.rows, [1, anchors, numbersPerRow]);
  const candidates = new BestCandidates(level.scores);
  for (let anchor = 0; anchor < anchors; anchor++) {
    const score = sigmoid(scores.data[anchor]!);
    if (!(score < minScore)) candidates.offer(score, 0, anchor);
  }
  const stridePixels = inputWidthPixels / cellsPerSide;
  return candidates.best().map(({ score, place }) => {
    const cell = Math.floor(place / anchorsPerCell);
    const anchorX = ((cell % cellsPerSide) + 0.5) * stridePixels;
    const anchorY = (Math.floor(cell / cellsPerSide) + 0.5) * stridePixels;
    const number = (index: number) => rows.data[place * numbersPerRow + index]!;
    const box = boxFromCentre(rows.name, [anchorX + number(0), anchorY + number(1), number(2), number(3)]);
    const points = Array.from({ length: landmarks }, (_, index) =>
      pointOf(rows.name, anchorX + number(4 + 2 * index), anchorY + number(5 + 2 * index)),
    );
    return { box, score, classId: 0, points };
  });
}
