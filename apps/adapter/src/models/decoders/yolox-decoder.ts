import type { ScoredBox } from '@nightjar/geometry';
import type { Tensors } from '../../backends/tensor.js';
import { boxFromCentre } from './box-reading.js';
import type { DetectorDecoding } from './detector-decoding.js';
import { requireShape } from './model-outputs.js';
import { bestWithObjectness, yoloOutput } from './yolo-decoder.js';

const stridesPixels = [8, 16, 32];

/**
 * Reads YOLOX' output as its repository exports it: one row per cell of three grids, row by row and grid by grid, with the box
 * relative to its cell: cx = (x + column) · stride, w = e^w · stride. A score is objectness times class probability, both
 * through a sigmoid already. Overlaps are left in. An export with `--decode_in_inference` is for `decodeYolov5`.
 * Shape: `[1, cells of strides 8, 16 and 32, 5 + classes]`. Formula: YOLOX (Ge et al. 2021) and its demo's post-processing.
 * @throws Error when the output is not that of such a model, or holds something that is no number
 */
export function decodeYolox(outputs: Tensors, decoding: DetectorDecoding): ScoredBox[] {
  const cells = cellsOf(decoding);
  const depth = 5 + decoding.classes;
  const { name, data, dims } = requireShape(outputs, yoloOutput(outputs, decoding), [1, cells.length, depth]);
  return bestWithObjectness({ name, data, dims }, decoding).map(({ score, classId, place }) => {
    const { column, row, stridePixels } = cells[place]!;
    const number = (index: number) => data[place * depth + index]!;
    const centreX = (number(0) + column) * stridePixels;
    const centreY = (number(1) + row) * stridePixels;
    const box = boxFromCentre(name, [centreX, centreY, Math.exp(number(2)) * stridePixels, Math.exp(number(3)) * stridePixels]);
    return { box, score, classId };
  });
}

interface Cell {
  readonly column: number;
  readonly row: number;
  readonly stridePixels: number;
}

/** The cells in the order of the output's rows. */
function cellsOf({ inputWidthPixels, inputHeightPixels }: DetectorDecoding): Cell[] {
  return stridesPixels.flatMap((stridePixels) => {
    const columns = Math.floor(inputWidthPixels / stridePixels);
    const rows = Math.floor(inputHeightPixels / stridePixels);
    return Array.from({ length: columns * rows }, (_, cell) => ({
      column: cell % columns,
      row: Math.floor(cell / columns),
      stridePixels,
    }));
  });
}
