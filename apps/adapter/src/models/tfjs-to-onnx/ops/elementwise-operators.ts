import { computed, computedPlain, input, layoutOf, type OperatorCall, type OperatorTable } from '../operator.js';
import { rankOf, type Tensor } from '../conversion-graph.js';
import { defaultLeakage, relu6 } from './activation-functions.js';

/** An operator that looks at one element at a time: whatever layout its input has, the output has too. */
function perElement(emit: (call: OperatorCall, value: string) => string): (call: OperatorCall) => Tensor {
  return (call) => {
    const tensor = input(call, 0);
    return computed(emit(call, call.graph.asItLies(tensor)), layoutOf(tensor), tensor.elementType);
  };
}

function named(onnxOp: string): (call: OperatorCall) => Tensor {
  return perElement(({ graph }, value) => graph.emit(onnxOp, [value]));
}

function cast(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const elementType = call.node.elementType('DstT');
  return {
    ...computed(call.graph.cast(call.graph.asItLies(tensor), elementType), layoutOf(tensor), elementType),
    length: tensor.kind === 'computed' ? tensor.length : undefined,
  };
}

/** Along the last axis, so the axes must lie in TensorFlow's order. */
function softmax(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  return computedPlain(call.graph.emit('Softmax', [call.graph.plain(tensor)], { axis: -1 }), rankOf(tensor), 'float32');
}

function addAll(call: OperatorCall): Tensor {
  const first = input(call, 0);
  const layout = layoutOf(first);
  return computed(
    call.graph.emit(
      'Sum',
      call.inputs.map((tensor) => call.graph.inLayout(tensor, layout)),
    ),
    layout,
    first.elementType,
  );
}

/** Operators of one input, element by element (and two that are written like them). */
export const elementwiseOperators: OperatorTable = {
  Relu: named('Relu'),
  Relu6: perElement(relu6),
  LeakyRelu: perElement(({ graph, node }, value) =>
    graph.emit('LeakyRelu', [value], { alpha: { float: node.float('alpha', defaultLeakage) } }),
  ),
  Elu: named('Elu'),
  Sigmoid: named('Sigmoid'),
  Tanh: named('Tanh'),
  Softplus: named('Softplus'),
  Softmax: softmax,
  Exp: named('Exp'),
  Log: named('Log'),
  Abs: named('Abs'),
  Neg: named('Neg'),
  Floor: named('Floor'),
  Ceil: named('Ceil'),
  Sqrt: named('Sqrt'),
  Reciprocal: named('Reciprocal'),
  Rsqrt: perElement(({ graph }, value) => graph.emit('Reciprocal', [graph.emit('Sqrt', [value])])),
  Square: perElement(({ graph }, value) => graph.emit('Mul', [value, value])),
  Sin: named('Sin'),
  Cos: named('Cos'),
  LogicalNot: named('Not'),
  Identity: (call) => input(call, 0),
  Cast: cast,
  AddN: addAll,
};
