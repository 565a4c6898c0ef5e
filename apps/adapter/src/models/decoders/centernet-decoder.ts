import type { ScoredBox } from '@nightjar/geometry';
import type { Tensors } from '../../backends/tensor.js';
import { BestCandidates, wantedClasses } from './best-candidates.js';
import { boxFromCorners } from './box-reading.js';
import type { DetectorDecoding } from './detector-decoding.js';
import { requireShape } from './model-outputs.js';

const heatMapName = 'tower_0/keypoints';
const sidesName = 'tower_0/wh';

/** The outputs that have to be there. The model's graph is cut to them: its own choice of 100 boxes is slower than this one. */
export const centernetOutputs: readonly string[] = [heatMapName, sidesName];

/** Pixels of the input per cell of the heat map. */
const stridePixels = 4;

/**
 * Reads CenterNet's heat map for one picture: a cell that is the highest of its 3×3 neighbourhood is the centre of an object, whose
 * distances to the four sides stand beside it. Several classes can peak in one cell: suppress overlaps across classes.
 * Formula: Objects as Points (Zhou et al. 2019), with four distances in place of width and height.
 * Shapes: heat map `[1, height / 4, width / 4, classes]` of probabilities, sides `[1, height / 4, width / 4, 4]` in pixels.
 * @throws Error when the outputs are not those of CenterNet, or hold something that is no number
 */
export function decodeCenternet(outputs: Tensors, decoding: DetectorDecoding): ScoredBox[] {
  const { classes, minScore } = decoding;
  const rows = decoding.inputHeightPixels / stridePixels;
  const columns = decoding.inputWidthPixels / stridePixels;
  const heatMap = requireShape(outputs, heatMapName, [1, rows, columns, classes]).data;
  const sides = requireShape(outputs, sidesName, [1, rows, columns, 4]).data;
  const grid = { heatMap, rows, columns, classes };
  const wanted = wantedClasses(decoding);
  const candidates = new BestCandidates(heatMapName);
  for (let cell = 0; cell < rows * columns; cell++) {
    const first = cell * classes;
    for (let index = 0; index < wanted.length; index++) {
      const classId = wanted[index]!;
      const score = heatMap[first + classId]!;
      if (!(score < minScore) && isPeak(grid, cell, classId)) candidates.offer(score, classId, cell);
    }
  }
  return candidates.best().map(({ score, classId, place }) => {
    const x = (place % columns) * stridePixels;
    const y = Math.floor(place / columns) * stridePixels;
    const side = (index: number) => sides[place * 4 + index]!;
    return { box: boxFromCorners(sidesName, [x - side(0), y - side(1), x + side(2), y + side(3)]), score, classId };
  });
}

interface Grid {
  readonly heatMap: Float32Array;
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
}

/** Whether no neighbour is higher. Nothing is higher than NaN, which so is offered, and refused. */
function isPeak({ heatMap, rows, columns, classes }: Grid, cell: number, classId: number): boolean {
  const score = heatMap[cell * classes + classId]!;
  const row = Math.floor(cell / columns);
  const column = cell % columns;
  for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
      if (heatMap[(y * columns + x) * classes + classId]! > score) return false;
    }
  }
  return true;
}
