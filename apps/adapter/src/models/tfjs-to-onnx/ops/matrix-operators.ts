import { plainLayout } from '../axis-layout.js';
import { broadcastSizes, computedPlain, rankOf, sizesOf, type Size, type Tensor } from '../converted-tensor.js';
import { input, type OperatorCall, type OperatorTable } from '../operator.js';
import { applyFusedActivation, hasFusedBias } from './activation-functions.js';

function matrixProduct(call: OperatorCall): Tensor {
  const { node, graph } = call;
  const left = input(call, 0);
  const right = input(call, 1);
  // The runtime's Gemm knows floats only.
  if (left.elementType !== 'float32' && !hasFusedBias(call)) return batchedProduct(call, ['transpose_a', 'transpose_b']);
  const factors = [left, right, ...(hasFusedBias(call) ? [input(call, 2)] : [])];
  const transposed = { left: node.flag('transpose_a'), right: node.flag('transpose_b') };
  const product = graph.emit(
    'Gemm',
    factors.map((factor) => graph.plain(factor)),
    { transA: transposed.left ? 1 : 0, transB: transposed.right ? 1 : 0 },
  );
  const sizes = [sizesOf(left)[transposed.left ? 1 : 0], sizesOf(right)[transposed.right ? 0 : 1]];
  return computedPlain(applyFusedActivation(call, product), sizes, 'float32');
}

/** Products of matrices along the last two axes; the axes before them are broadcast. */
function batchedProduct(call: OperatorCall, [leftFlag, rightFlag]: readonly [string, string] = ['adj_x', 'adj_y']): Tensor {
  const left = factorOf(call, 0, leftFlag);
  const right = factorOf(call, 1, rightFlag);
  const sizes = [...broadcastSizes(left.sizes.slice(0, -2), right.sizes.slice(0, -2)), left.sizes.at(-2), right.sizes.at(-1)];
  return computedPlain(call.graph.emit('MatMul', [left.value, right.value]), sizes, input(call, 0).elementType);
}

function factorOf(call: OperatorCall, index: number, transposeFlag: string): { value: string; sizes: readonly Size[] } {
  const tensor = input(call, index);
  const rank = rankOf(tensor);
  if (rank < 2) throw call.node.unsupported(`a factor with ${rank} axes`);
  const axes = call.node.flag(transposeFlag) ? [...plainLayout(rank - 2), rank - 1, rank - 2] : plainLayout(rank);
  return { value: call.graph.inLayout(tensor, axes), sizes: axes.map((axis) => sizesOf(tensor)[axis]) };
}

/** Products of matrices. */
export const matrixOperators: OperatorTable = {
  MatMul: matrixProduct,
  _FusedMatMul: matrixProduct,
  BatchMatMul: (call) => batchedProduct(call),
  BatchMatMulV2: (call) => batchedProduct(call),
};
