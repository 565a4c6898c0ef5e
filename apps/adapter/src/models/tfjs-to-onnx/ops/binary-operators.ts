import { isPlain, plainLayout, type AxisLayout } from '../axis-layout.js';
import { constantOf, numbersOf, type ElementType } from '../constant-tensor.js';
import type { ConversionGraph } from '../conversion-graph.js';
import { broadcastSizes, computed, computedPlain, known, layoutOf, rankOf, sizesOf, type Tensor } from '../converted-tensor.js';
import { input, type OperatorCall, type OperatorTable } from '../operator.js';
import { requireChannelsLast } from './window-attributes.js';

type EmitPair = (graph: ConversionGraph, left: string, right: string, elementType: ElementType) => string;

interface BinaryOperator {
  readonly emit: EmitPair;
  /** Answers true or false instead of numbers. */
  readonly logical?: boolean;
  /** For arithmetic on shapes: computed now when both sides are known. */
  readonly fold?: (left: number, right: number) => number;
}

/** Shape arithmetic is done on a few numbers; larger constants are left to the runtime. */
const longestFolded = 64;

const node =
  (onnxOp: string): EmitPair =>
  (graph, left, right) =>
    graph.emit(onnxOp, [left, right]);

/** Integers: what is left over is taken off first, as ONNX rounds towards 0 and TensorFlow down. */
const floorDivide: EmitPair = (graph, left, right, elementType) => {
  if (elementType === 'float32') return graph.emit('Floor', [graph.emit('Div', [left, right])]);
  return graph.emit('Div', [graph.emit('Sub', [left, graph.emit('Mod', [left, right])]), right]);
};

const floorModulo: EmitPair = (graph, left, right, elementType) => {
  if (elementType !== 'float32') return graph.emit('Mod', [left, right]);
  const whole = graph.emit('Floor', [graph.emit('Div', [left, right])]);
  return graph.emit('Sub', [left, graph.emit('Mul', [whole, right])]);
};

const squaredDifference: EmitPair = (graph, left, right) => {
  const difference = graph.emit('Sub', [left, right]);
  return graph.emit('Mul', [difference, difference]);
};

/** 0 where the divisor is 0. */
const divideOrZero: EmitPair = (graph, left, right) => {
  const isZero = graph.emit('Equal', [right, graph.floats([0])]);
  return graph.emit('Where', [isZero, graph.floats([0]), graph.emit('Div', [left, right])]);
};

/** Angle of the point (x, y); ONNX knows the arc tangent of one number only. Straight up or down, x is replaced by next to nothing. */
const arcTangent2: EmitPair = (graph, y, x) => {
  const zero = graph.floats([0]);
  const divisor = graph.emit('Where', [graph.emit('Equal', [x, zero]), graph.floats([1e-37]), x]);
  const angle = graph.emit('Atan', [graph.emit('Div', [y, divisor])]);
  const halfTurn = graph.emit('Where', [graph.emit('Less', [y, zero]), graph.floats([-Math.PI]), graph.floats([Math.PI])]);
  return graph.emit('Add', [angle, graph.emit('Where', [graph.emit('Less', [x, zero]), halfTurn, zero])]);
};

const binary: Readonly<Record<string, BinaryOperator>> = {
  Add: { emit: node('Add'), fold: (left, right) => left + right },
  AddV2: { emit: node('Add'), fold: (left, right) => left + right },
  Sub: { emit: node('Sub'), fold: (left, right) => left - right },
  Mul: { emit: node('Mul'), fold: (left, right) => left * right },
  Div: { emit: node('Div') },
  RealDiv: { emit: node('Div') },
  DivNoNan: { emit: divideOrZero },
  FloorDiv: { emit: floorDivide, fold: (left, right) => Math.floor(left / right) },
  FloorMod: { emit: floorModulo, fold: (left, right) => left - right * Math.floor(left / right) },
  Minimum: { emit: node('Min'), fold: Math.min },
  Maximum: { emit: node('Max'), fold: Math.max },
  Pow: { emit: node('Pow') },
  SquaredDifference: { emit: squaredDifference },
  Atan2: { emit: arcTangent2 },
  Prelu: { emit: node('PRelu') },
  Equal: { emit: node('Equal'), logical: true },
  NotEqual: { emit: (graph, left, right) => graph.emit('Not', [graph.emit('Equal', [left, right])]), logical: true },
  Less: { emit: node('Less'), logical: true },
  LessEqual: { emit: node('LessOrEqual'), logical: true },
  Greater: { emit: node('Greater'), logical: true },
  GreaterEqual: { emit: node('GreaterOrEqual'), logical: true },
  LogicalAnd: { emit: node('And'), logical: true },
  LogicalOr: { emit: node('Or'), logical: true },
};

function convertBinary(call: OperatorCall, operator: BinaryOperator): Tensor {
  const left = input(call, 0);
  const right = input(call, 1);
  const folded = foldConstants(call, left, right, operator);
  if (folded) return folded;

  const elementType = (left.kind === 'known' ? right : left).elementType;
  const layout = commonLayout(left, right);
  const place = (tensor: Tensor) => (layout ? broadcastInto(call.graph, tensor, layout) : call.graph.plain(tensor));
  const value = operator.emit(call.graph, place(left), place(right), elementType);
  const outputType = operator.logical ? 'bool' : elementType;
  const sizes = broadcastSizes(sizesOf(left), sizesOf(right));
  return layout ? computed(value, layout, outputType, sizes) : computedPlain(value, sizes, outputType);
}

function foldConstants(call: OperatorCall, left: Tensor, right: Tensor, { fold }: BinaryOperator): Tensor | undefined {
  if (!fold || left.kind === 'computed' || right.kind === 'computed') return undefined;
  if (left.data.length > longestFolded || left.data.length !== right.data.length) return undefined;
  const rightNumbers = numbersOf(right);
  const values = numbersOf(left).map((value, index) => fold(value, rightNumbers[index]!));
  const shape = left.shape.length < right.shape.length ? right.shape : left.shape;
  return known(call.node.name, constantOf(values, shape, left.elementType));
}

/** The layout both sides take, or undefined when both lie plainly or TensorFlow's broadcasting order must decide. */
function commonLayout(left: Tensor, right: Tensor): AxisLayout | undefined {
  const moved = [left, right].find((tensor) => tensor.kind === 'computed' && !isPlain(tensor.layout));
  if (!moved) return undefined;
  const other = moved === left ? right : left;
  // A constant of more axes would give the result more axes than the layout has.
  if (rankOf(other) > rankOf(moved)) return undefined;
  // A computed partner of another rank could only be aligned after it is known which axes broadcast.
  if (other.kind === 'computed' && rankOf(other) > 1 && rankOf(other) !== rankOf(moved)) return undefined;
  return layoutOf(moved);
}

/** Gives a vector leading axes of size 1, then brings it into the layout. */
function broadcastInto(graph: ConversionGraph, tensor: Tensor, layout: AxisLayout): string {
  const rank = rankOf(tensor);
  if (tensor.kind === 'known' || rank === layout.length) return graph.inLayout(tensor, layout);
  if (rank === 0) return graph.plain(tensor);
  const leading = plainLayout(layout.length - rank);
  const widened = graph.emit('Unsqueeze', [graph.plain(tensor), graph.int64s(leading)]);
  return graph.inLayout(computedPlain(widened, [...leading.map(() => 1), ...sizesOf(tensor)], tensor.elementType), layout);
}

/** Operators of two inputs, element by element with broadcasting. */
export const binaryOperators: OperatorTable = {
  ...Object.fromEntries(Object.entries(binary).map(([name, operator]) => [name, (call: OperatorCall) => convertBinary(call, operator)])),
  BiasAdd: (call) => {
    requireChannelsLast(call);
    return convertBinary(call, { emit: node('Add') });
  },
};
