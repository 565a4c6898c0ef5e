import { countFromFront, layoutWithout } from '../axis-layout.js';
import { knownNumbers, rankOf, type Tensor } from '../conversion-graph.js';
import { computed, computedPlain, input, layoutOf, type OperatorCall, type OperatorTable } from '../operator.js';

/** Where ONNX (opset 17) wants the axes: only ReduceSum takes them as an input. */
type AxesPlace = 'attribute' | 'input';

function reduce(onnxOp: string, axesPlace: AxesPlace = 'attribute'): (call: OperatorCall) => Tensor {
  return (call) => {
    const { node, graph } = call;
    const tensor = input(call, 0);
    const layout = layoutOf(tensor);
    const axes = knownNumbers(input(call, 1), `the axes of ${node.op}`).map((axis) => countFromFront(axis, rankOf(tensor)));
    const valueAxes = axes.map((axis) => layout.indexOf(axis));
    const keepdims = node.flag('keep_dims') ? 1 : 0;
    const value = graph.asItLies(tensor);
    const reduced =
      axesPlace === 'input'
        ? graph.emit(onnxOp, [value, graph.int64s(valueAxes)], { keepdims })
        : graph.emit(onnxOp, [value], { axes: valueAxes, keepdims });
    return computed(reduced, keepdims ? layout : layoutWithout(layout, axes), tensor.elementType);
  };
}

function argMax(call: OperatorCall): Tensor {
  const { graph, node } = call;
  const tensor = input(call, 0);
  const [axis = -1] = knownNumbers(input(call, 1), `the axis of ${node.op}`);
  const index = graph.emit('ArgMax', [graph.plain(tensor)], { axis: countFromFront(axis, rankOf(tensor)), keepdims: 0 });
  return computedPlain(graph.cast(index, 'int32'), rankOf(tensor) - 1, 'int32');
}

/** Operators that make one number out of many along some axes. */
export const reductionOperators: OperatorTable = {
  Mean: reduce('ReduceMean'),
  Max: reduce('ReduceMax'),
  Min: reduce('ReduceMin'),
  Prod: reduce('ReduceProd'),
  Sum: reduce('ReduceSum', 'input'),
  ArgMax: argMax,
};
