import { isPlain, plainLayout, type AxisLayout } from '../axis-layout.js';
import { constantOf, numbersOf, type ElementType } from '../constant-tensor.js';
import { lengthOf, rankOf, type ConversionGraph, type Tensor } from '../conversion-graph.js';
import { computed, computedPlain, input, known, layoutOf, type OperatorCall, type OperatorTable } from '../operator.js';

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

const floorDivide: EmitPair = (graph, left, right, elementType) => {
  const quotient = graph.emit('Div', [left, right]);
  return elementType === 'float32' ? graph.emit('Floor', [quotient]) : quotient;
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

const binary: Readonly<Record<string, BinaryOperator>> = {
  Add: { emit: node('Add'), fold: (left, right) => left + right },
  AddV2: { emit: node('Add'), fold: (left, right) => left + right },
  Sub: { emit: node('Sub'), fold: (left, right) => left - right },
  Mul: { emit: node('Mul'), fold: (left, right) => left * right },
  Div: { emit: node('Div') },
  RealDiv: { emit: node('Div') },
  FloorDiv: { emit: floorDivide, fold: (left, right) => Math.floor(left / right) },
  FloorMod: { emit: floorModulo, fold: (left, right) => left - right * Math.floor(left / right) },
  Minimum: { emit: node('Min'), fold: Math.min },
  Maximum: { emit: node('Max'), fold: Math.max },
  Pow: { emit: node('Pow') },
  SquaredDifference: { emit: squaredDifference },
  Prelu: { emit: node('PRelu') },
  Equal: { emit: node('Equal'), logical: true },
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
  const rank = Math.max(rankOf(left), rankOf(right));
  const layout = commonLayout(left, right);
  const place = (tensor: Tensor) => (layout ? broadcastInto(call.graph, tensor, layout) : call.graph.plain(tensor));
  const value = operator.emit(call.graph, place(left), place(right), elementType);
  const outputType = operator.logical ? 'bool' : elementType;
  if (layout) return computed(value, layout, outputType);
  return { ...computedPlain(value, rank, outputType), ...(rank === 1 ? { length: lengthOf(left) ?? lengthOf(right) } : {}) };
}

function foldConstants(call: OperatorCall, left: Tensor, right: Tensor, { fold }: BinaryOperator): Tensor | undefined {
  if (!fold || left.kind === 'computed' || right.kind === 'computed') return undefined;
  if (left.data.length > longestFolded || left.data.length !== right.data.length) return undefined;
  const rightNumbers = numbersOf(right);
  const values = numbersOf(left).map((value, index) => fold(value, rightNumbers[index]!));
  return known(call.node.name, constantOf(values, left.shape, left.elementType));
}

/** The layout both sides take, or undefined when both lie plainly or TensorFlow's broadcasting order must decide. */
function commonLayout(left: Tensor, right: Tensor): AxisLayout | undefined {
  const moved = [left, right].find((tensor) => tensor.kind === 'computed' && !isPlain(tensor.layout));
  if (!moved) return undefined;
  const other = moved === left ? right : left;
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
  return graph.inLayout(computedPlain(widened, layout.length, tensor.elementType), layout);
}

/** Operators of two inputs, element by element with broadcasting. */
export const binaryOperators: OperatorTable = Object.fromEntries(
  Object.entries(binary).map(([name, operator]) => [name, (call: OperatorCall) => convertBinary(call, operator)]),
);
