import type { Tensors } from '../../backends/tensor.js';
import { BestCandidates, keepBest } from './best-candidates.js';
import { boxFromCorners, pointOf } from './box-reading.js';
import type { FaceDecoding, ScoredFace } from './detector-decoding.js';
import { hasShape, requireShape, type CheckedOutput } from './model-outputs.js';

const stridesPixels = [8, 16, 32];
const anchorsPerCell = 2;
const landmarks = 5;

/**
 * Reads SCRFD's outputs for one picture: for each of two anchors in the corner of a cell a probability, the distances to the four
 * sides and, where the model was trained for them, five landmarks (image-left eye, image-right eye, nose, image-left and
 * image-right mouth corner), all in strides. Overlaps are left in: suppress above an IoU of .4.
 * The exports of its authors number the outputs, so they are found by their shapes: `[N, 1]`, `[N, 4]` and `[N, 10]`, with or
 * without a leading 1, where N is twice the number of cells of the strides 8, 16 and 32.
 * Formula: Sample and Computation Redistribution for Efficient Face Detection (Guo et al. 2021), as in the InsightFace repository.
 * @throws Error when the outputs are not those of SCRFD, or hold something that is no number
 */
export function decodeScrfd(outputs: Tensors, decoding: FaceDecoding): ScoredFace[] {
  return keepBest(stridesPixels.flatMap((stridePixels) => decodeStride(outputs, stridePixels, decoding)));
}

function decodeStride(outputs: Tensors, stridePixels: number, decoding: FaceDecoding): ScoredFace[] {
  const columns = Math.ceil(decoding.inputWidthPixels / stridePixels);
  const rows = Math.ceil(decoding.inputHeightPixels / stridePixels);
  const anchors = columns * rows * anchorsPerCell;
  const scores = requireByShape(outputs, { anchors, numbers: 1, part: 'scores', stridePixels });
  const sides = requireByShape(outputs, { anchors, numbers: 4, part: 'distances', stridePixels });
  const points = findByShape(outputs, anchors, 2 * landmarks);
  const candidates = new BestCandidates(scores.name);
  for (let anchor = 0; anchor < anchors; anchor++) {
    const score = scores.data[anchor]!;
    if (!(score < decoding.minScore)) candidates.offer(score, 0, anchor);
  }
  return candidates.best().map(({ score, place }) => {
    const cell = Math.floor(place / anchorsPerCell);
    const x = (cell % columns) * stridePixels;
    const y = Math.floor(cell / columns) * stridePixels;
    const distance = (side: number) => sides.data[place * 4 + side]! * stridePixels;
    return {
      box: boxFromCorners(sides.name, [x - distance(0), y - distance(1), x + distance(2), y + distance(3)]),
      score,
      classId: 0,
      points: points ? pointsAt(points, { place, x, y, stridePixels }) : [],
    };
  });
}

function pointsAt({ name, data }: CheckedOutput, at: { place: number; x: number; y: number; stridePixels: number }): ScoredFace['points'] {
  return Array.from({ length: landmarks }, (_, index) => {
    const start = at.place * 2 * landmarks + 2 * index;
    return pointOf(name, at.x + data[start]! * at.stridePixels, at.y + data[start + 1]! * at.stridePixels);
  });
}

function requireByShape(outputs: Tensors, wanted: { anchors: number; numbers: number; part: string; stridePixels: number }): CheckedOutput {
  const { anchors, numbers, part, stridePixels } = wanted;
  const found = findByShape(outputs, anchors, numbers);
  if (found) return found;
  const there = [...outputs].map(([name, { dims }]) => `"${name}" [${dims.join(', ')}]`).join(', ');
  throw new Error(`the model has no output [${anchors}, ${numbers}] for the ${part} of stride ${stridePixels}; it has ${there || 'none'}`);
}

function findByShape(outputs: Tensors, anchors: number, numbers: number): CheckedOutput | undefined {
  const shapes = [
    [anchors, numbers],
    [1, anchors, numbers],
  ];
  const name = [...outputs.keys()].find((key) => shapes.some((shape) => hasShape(outputs.get(key)!.dims, shape)));
  return name === undefined ? undefined : requireShape(outputs, name, ...shapes);
}
