import { numbersOf, type ConstantTensor, type ElementType } from './constant-tensor.js';
import { plainLayout, type AxisLayout } from './axis-layout.js';

/** Number of elements along an axis; undefined where it depends on the input, e.g. on the batch. */
export type Size = number | undefined;

/** A TensorFlow tensor that the ONNX graph computes. */
export interface ComputedTensor {
  readonly kind: 'computed';
  /** Name of the ONNX value that holds it. */
  readonly value: string;
  /** How its axes lie in that value. */
  readonly layout: AxisLayout;
  readonly elementType: ElementType;
  /** Sizes in TensorFlow's order of axes, as many of them as there are axes. */
  readonly sizes: readonly Size[];
  /** Of a vector of integers, those that are known: it may be the shape of another tensor. */
  readonly entries?: readonly Size[] | undefined;
}

/** A TensorFlow tensor whose values are known now. */
export interface KnownTensor extends ConstantTensor {
  readonly kind: 'known';
  readonly name: string;
}

export type Tensor = ComputedTensor | KnownTensor;

export function computed(
  value: string,
  layout: AxisLayout,
  elementType: ElementType,
  sizes: readonly Size[] = unknownSizes(layout.length),
): ComputedTensor {
  return { kind: 'computed', value, layout, elementType, sizes };
}

/** A computed tensor whose axes lie in TensorFlow's order. */
export function computedPlain(value: string, sizes: readonly Size[], elementType: ElementType): ComputedTensor {
  return computed(value, plainLayout(sizes.length), elementType, sizes);
}

export function known(name: string, constant: ConstantTensor): KnownTensor {
  return { kind: 'known', name, ...constant };
}

function unknownSizes(rank: number): Size[] {
  return new Array<Size>(rank).fill(undefined);
}

export function sizesOf(tensor: Tensor): readonly Size[] {
  return tensor.kind === 'known' ? tensor.shape : tensor.sizes;
}

export function rankOf(tensor: Tensor): number {
  return sizesOf(tensor).length;
}

/** Layout of a tensor as it lies; constants lie plainly. */
export function layoutOf(tensor: Tensor): AxisLayout {
  return tensor.kind === 'known' ? plainLayout(tensor.shape.length) : tensor.layout;
}

/** The numbers of a vector, as far as they are known; undefined when not even their count is. */
export function entriesOf(tensor: Tensor): readonly Size[] | undefined {
  if (tensor.kind === 'known') return numbersOf(tensor);
  const [length] = tensor.sizes;
  return tensor.entries ?? (tensor.sizes.length === 1 && length !== undefined ? unknownSizes(length) : undefined);
}

/** Sizes after broadcasting as TensorFlow does it: aligned at the last axis, 1 stretches. */
export function broadcastSizes(a: readonly Size[], b: readonly Size[]): Size[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = axis < rank - a.length ? 1 : a[axis - rank + a.length];
    const right = axis < rank - b.length ? 1 : b[axis - rank + b.length];
    if (left === 1) return right;
    if (right === 1 || right === left) return left;
    return left ?? right;
  });
}

/** Product of the sizes; those that are not known count as 1. */
export function knownElementCount(sizes: readonly Size[]): number {
  return sizes.reduce<number>((product, size) => product * (size ?? 1), 1);
}
