import type { OperatorTable } from './operator.js';
import { binaryOperators } from './ops/binary-operators.js';
import { convolutionOperators } from './ops/convolution-operators.js';
import { elementwiseOperators } from './ops/elementwise-operators.js';
import { joinAndSplitOperators } from './ops/join-and-split-operators.js';
import { matrixOperators } from './ops/matrix-operators.js';
import { reductionOperators } from './ops/reduction-operators.js';
import { selectionOperators } from './ops/selection-operators.js';
import { shapeOperators } from './ops/shape-operators.js';

/** Every TensorFlow operator that can be converted, besides constants and the graph's input. */
export const operatorTable: OperatorTable = {
  ...convolutionOperators,
  ...matrixOperators,
  ...elementwiseOperators,
  ...binaryOperators,
  ...reductionOperators,
  ...shapeOperators,
  ...joinAndSplitOperators,
  ...selectionOperators,
};
