import { plainLayout, type AxisLayout } from './axis-layout.js';
import type { ConstantTensor, ElementType } from './constant-tensor.js';
import type { ComputedTensor, ConversionGraph, KnownTensor, Tensor } from './conversion-graph.js';
import type { GraphNode } from './graph-model.js';

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

/** The n-th input. @throws UnsupportedGraphError when the graph leaves it out */
export function input(call: OperatorCall, index: number): Tensor {
  const tensor = call.inputs[index];
  if (!tensor) throw call.node.unsupported(`a missing input ${index}`);
  return tensor;
}

/** An input whose values the operator needs now. */
export function knownInput(call: OperatorCall, index: number): KnownTensor {
  const tensor = input(call, index);
  if (tensor.kind === 'computed') throw call.node.unsupported(`input ${index} that is not a constant`);
  return tensor;
}

export function computed(value: string, layout: AxisLayout, elementType: ElementType): ComputedTensor {
  return { kind: 'computed', value, layout, elementType };
}

/** A computed tensor whose axes lie in TensorFlow's order. */
export function computedPlain(value: string, rank: number, elementType: ElementType): ComputedTensor {
  return computed(value, plainLayout(rank), elementType);
}

export function known(name: string, constant: ConstantTensor): KnownTensor {
  return { kind: 'known', name, ...constant };
}

/** Layout of a tensor as it lies; constants lie plainly. */
export function layoutOf(tensor: Tensor): AxisLayout {
  return tensor.kind === 'known' ? plainLayout(tensor.shape.length) : tensor.layout;
}
