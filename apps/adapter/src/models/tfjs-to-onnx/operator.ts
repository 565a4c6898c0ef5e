import { AppError } from '@nightjar/runtime/app-error';
import { numbersOf } from './constant-tensor.js';
import type { ConversionGraph } from './conversion-graph.js';
import type { KnownTensor, Size, Tensor } from './converted-tensor.js';
import type { GraphNode } from './graph-node.js';

/** One TensorFlow operator to convert. */
export interface OperatorCall {
  readonly node: GraphNode;
  readonly inputs: readonly Tensor[];
  readonly graph: ConversionGraph;
}

/** Writes the ONNX nodes of one TensorFlow operator; returns its output, or all its outputs in order. */
export type OperatorConverter = (call: OperatorCall) => Tensor | Tensor[];

/** Converters by the name of the TensorFlow operator. */
export type OperatorTable = Readonly<Record<string, OperatorConverter>>;

/** The n-th input. @throws AppError `model_error` when the graph leaves it out */
export function input(call: OperatorCall, index: number): Tensor {
  const tensor = call.inputs[index];
  if (!tensor) throw call.node.unsupported(`a missing input ${index}`);
  return tensor;
}

/** An input whose values the conversion needs. `what` says what it is. @throws AppError `model_error` when it is no constant */
export function knownInput(call: OperatorCall, index: number, what: string): KnownTensor {
  const tensor = input(call, index);
  if (tensor.kind === 'computed') throw call.node.unsupported(`${what} that the graph computes`);
  return tensor;
}

/** Numbers of an input that the conversion needs, e.g. the axes of a reduction. @throws AppError `model_error` */
export function knownNumbers(call: OperatorCall, index: number, what: string): number[] {
  return numbersOf(knownInput(call, index, what));
}

/** Counts an axis from the front; -1 is the last. @throws AppError `model_error` when there is no such axis */
export function axisFromFront(call: OperatorCall, axis: number, rank: number): number {
  const fromFront = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(fromFront) || fromFront < 0 || fromFront >= rank) throw call.node.unsupported(`axis ${axis} of ${rank}`);
  return fromFront;
}

/** @throws AppError `model_error` for a number of outputs that no graph has */
export function outputCount(call: OperatorCall, count: number): number {
  if (!(count >= 1 && count <= 4096)) throw call.node.unsupported(`a split into ${count}`);
  return count;
}

/**
 * Called where a graph takes the first axis of a tensor for one picture. @throws AppError `model_error` when more were asked for
 */
export function requireOnePicture({ node, graph }: OperatorCall, size: Size): void {
  if (!graph.options.dynamicBatch || size !== undefined) return;
  const { code, message } = node.unsupported('a batch of more than one picture');
  throw new AppError(code, message, { details: { largestBatch: 1 } });
}

/** Whether `requireOnePicture` threw this. */
export function isForOnePicture(error: unknown): boolean {
  return error instanceof AppError && error.details?.['largestBatch'] === 1;
}
