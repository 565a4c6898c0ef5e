import { computedPlain, input, type OperatorCall, type OperatorTable } from '../operator.js';
import type { Tensor } from '../conversion-graph.js';
import { applyFusedActivation, hasFusedBias } from './activation-functions.js';

function matrixProduct(call: OperatorCall): Tensor {
  const { node, graph } = call;
  const factors = [input(call, 0), input(call, 1), ...(hasFusedBias(call) ? [input(call, 2)] : [])];
  const product = graph.emit(
    'Gemm',
    factors.map((factor) => graph.plain(factor)),
    {
      transA: node.flag('transpose_a') ? 1 : 0,
      transB: node.flag('transpose_b') ? 1 : 0,
    },
  );
  return computedPlain(applyFusedActivation(call, product), 2, 'float32');
}

/** Products of two matrices. */
export const matrixOperators: OperatorTable = {
  MatMul: matrixProduct,
  _FusedMatMul: matrixProduct,
};
