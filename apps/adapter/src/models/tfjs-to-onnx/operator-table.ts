import type { OperatorConverter, OperatorTable } from './operator.js';
import { binaryOperators } from './ops/binary-operators.js';
import { convolutionOperators } from './ops/convolution-operators.js';
import { elementwiseOperators } from './ops/elementwise-operators.js';
import { joinAndSplitOperators } from './ops/join-and-split-operators.js';
import { matrixOperators } from './ops/matrix-operators.js';
import { reductionOperators } from './ops/reduction-operators.js';
import { resamplingOperators } from './ops/resampling-operators.js';
import { selectionOperators } from './ops/selection-operators.js';
import { shapeOperators } from './ops/shape-operators.js';

const tables: readonly OperatorTable[] = [
  convolutionOperators,
  resamplingOperators,
  matrixOperators,
  elementwiseOperators,
  binaryOperators,
  reductionOperators,
  shapeOperators,
  joinAndSplitOperators,
  selectionOperators,
];

/** Every TensorFlow operator that can be converted, besides constants and the graph's input. */
export const operatorTable: ReadonlyMap<string, OperatorConverter> = new Map(tables.flatMap((table) => Object.entries(table)));
