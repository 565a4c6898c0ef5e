import { layoutWithout } from '../axis-layout.js';
import { computed, computedPlain, layoutOf, rankOf, sizesOf, type Tensor } from '../converted-tensor.js';
import { axisFromFront, input, knownNumbers, type OperatorCall, type OperatorConverter, type OperatorTable } from '../operator.js';

/** Where ONNX (opset 17) wants the axes: only ReduceSum takes them as an input. */
type AxesPlace = 'attribute' | 'input';

function reduce(onnxOp: string, axesPlace: AxesPlace = 'attribute'): OperatorConverter {
  return (call) => {
    const { node, graph } = call;
    const tensor = input(call, 0);
    const layout = layoutOf(tensor);
    const axes = knownNumbers(call, 1, 'axes').map((axis) => axisFromFront(call, axis, rankOf(tensor)));
    // ONNX takes no axes for all of them.
    if (axes.length === 0) return tensor;
    const valueAxes = axes.map((axis) => layout.indexOf(axis));
    const keepdims = node.flag('keep_dims') ? 1 : 0;
    const value = graph.asItLies(tensor);
    const reduced =
      axesPlace === 'input'
        ? graph.emit(onnxOp, [value, graph.int64s(valueAxes)], { keepdims })
        : graph.emit(onnxOp, [value], { axes: valueAxes, keepdims });
    const kept = sizesOf(tensor).map((size, axis) => (axes.includes(axis) ? 1 : size));
    return keepdims
      ? computed(reduced, layout, tensor.elementType, kept)
      : computed(
          reduced,
          layoutWithout(layout, axes),
          tensor.elementType,
          kept.filter((_, axis) => !axes.includes(axis)),
        );
  };
}

function placeOfExtreme(onnxOp: string): OperatorConverter {
  return (call: OperatorCall): Tensor => {
    const { graph } = call;
    const tensor = input(call, 0);
    const [given = -1] = knownNumbers(call, 1, 'an axis');
    const axis = axisFromFront(call, given, rankOf(tensor));
    const index = graph.emit(onnxOp, [graph.plain(tensor)], { axis, keepdims: 0 });
    return computedPlain(graph.cast(index, 'int32'), sizesOf(tensor).toSpliced(axis, 1), 'int32');
  };
}

function cumulativeSum(call: OperatorCall): Tensor {
  const { node, graph } = call;
  const tensor = input(call, 0);
  const [given = 0] = knownNumbers(call, 1, 'an axis');
  const axis = graph.int64s([axisFromFront(call, given, rankOf(tensor))]);
  const attributes = { exclusive: node.flag('exclusive') ? 1 : 0, reverse: node.flag('reverse') ? 1 : 0 };
  return computedPlain(graph.emit('CumSum', [graph.plain(tensor), axis], attributes), sizesOf(tensor), tensor.elementType);
}

/** Operators that make one number out of many along some axes. */
export const reductionOperators: OperatorTable = {
  Mean: reduce('ReduceMean'),
  Max: reduce('ReduceMax'),
  Min: reduce('ReduceMin'),
  Prod: reduce('ReduceProd'),
  Sum: reduce('ReduceSum', 'input'),
  ArgMax: placeOfExtreme('ArgMax'),
  ArgMin: placeOfExtreme('ArgMin'),
  Cumsum: cumulativeSum,
};
