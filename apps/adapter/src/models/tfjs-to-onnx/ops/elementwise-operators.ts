import type { ElementType } from '../constant-tensor.js';
import { computed, computedPlain, layoutOf, sizesOf, type Tensor } from '../converted-tensor.js';
import { input, type OperatorCall, type OperatorConverter, type OperatorTable } from '../operator.js';
import { defaultLeakage, relu6 } from './activation-functions.js';

/** An operator that looks at one element at a time: whatever layout its input has, the output has too. */
function perElement(emit: (call: OperatorCall, value: string) => string, elementType?: ElementType): OperatorConverter {
  return (call) => {
    const tensor = input(call, 0);
    return computed(emit(call, call.graph.asItLies(tensor)), layoutOf(tensor), elementType ?? tensor.elementType, sizesOf(tensor));
  };
}

function named(onnxOp: string, elementType?: ElementType): OperatorConverter {
  return perElement(({ graph }, value) => graph.emit(onnxOp, [value]), elementType);
}

function cast(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const elementType = call.node.elementType('DstT');
  return {
    ...computed(call.graph.cast(call.graph.asItLies(tensor), elementType), layoutOf(tensor), elementType, sizesOf(tensor)),
    entries: tensor.kind === 'computed' && elementType !== 'bool' ? tensor.entries : undefined,
  };
}

/** Along the last axis, so the axes must lie in TensorFlow's order. */
function alongLastAxis(onnxOp: string): OperatorConverter {
  return (call) => {
    const tensor = input(call, 0);
    return computedPlain(call.graph.emit(onnxOp, [call.graph.plain(tensor)], { axis: -1 }), sizesOf(tensor), 'float32');
  };
}

function addAll(call: OperatorCall): Tensor {
  const first = input(call, 0);
  const layout = layoutOf(first);
  const values = call.inputs.map((tensor) => call.graph.inLayout(tensor, layout));
  return computed(call.graph.emit('Sum', values), layout, first.elementType, sizesOf(first));
}

/** A tensor of the same shape that holds one number everywhere, whatever the input holds. */
function filledLike(number: number): OperatorConverter {
  return perElement((call, value) => {
    const { elementType } = input(call, 0);
    const constant = call.graph.cast(call.graph.floats([number]), elementType);
    return call.graph.emit('Expand', [constant, call.graph.emit('Shape', [value])]);
  });
}

function clipByValue(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const bounds = [call.graph.plain(input(call, 1)), call.graph.plain(input(call, 2))];
  const clipped = call.graph.emit('Clip', [call.graph.asItLies(tensor), ...bounds]);
  return computed(clipped, layoutOf(tensor), tensor.elementType, sizesOf(tensor));
}

const unchanged: OperatorConverter = (call) => input(call, 0);

/** Operators of one input, element by element (and some that are written like them). */
export const elementwiseOperators: OperatorTable = {
  Relu: named('Relu'),
  Relu6: perElement(relu6),
  LeakyRelu: perElement(({ graph, node }, value) =>
    graph.emit('LeakyRelu', [value], { alpha: { float: node.float('alpha', defaultLeakage) } }),
  ),
  Elu: named('Elu'),
  Selu: named('Selu'),
  Sigmoid: named('Sigmoid'),
  Tanh: named('Tanh'),
  Softplus: named('Softplus'),
  Softmax: alongLastAxis('Softmax'),
  LogSoftmax: alongLastAxis('LogSoftmax'),
  Exp: named('Exp'),
  Expm1: perElement(({ graph }, value) => graph.emit('Sub', [graph.emit('Exp', [value]), graph.floats([1])])),
  Log: named('Log'),
  Log1p: perElement(({ graph }, value) => graph.emit('Log', [graph.emit('Add', [value, graph.floats([1])])])),
  Abs: named('Abs'),
  Neg: named('Neg'),
  Sign: named('Sign'),
  Floor: named('Floor'),
  Ceil: named('Ceil'),
  Round: named('Round'),
  Sqrt: named('Sqrt'),
  Reciprocal: named('Reciprocal'),
  Rsqrt: perElement(({ graph }, value) => graph.emit('Reciprocal', [graph.emit('Sqrt', [value])])),
  Square: perElement(({ graph }, value) => graph.emit('Mul', [value, value])),
  Sin: named('Sin'),
  Cos: named('Cos'),
  Tan: named('Tan'),
  Asin: named('Asin'),
  Acos: named('Acos'),
  Atan: named('Atan'),
  Erf: named('Erf'),
  LogicalNot: named('Not'),
  IsNan: named('IsNaN', 'bool'),
  ZerosLike: filledLike(0),
  OnesLike: filledLike(1),
  ClipByValue: clipByValue,
  Cast: cast,
  AddN: addAll,
  Identity: unchanged,
  Snapshot: unchanged,
  StopGradient: unchanged,
};
