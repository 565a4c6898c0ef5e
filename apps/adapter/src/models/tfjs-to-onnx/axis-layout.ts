/**
 * Where the axes of a TensorFlow tensor lie in the ONNX value that holds it: axis `i` of the ONNX value is axis `layout[i]`
 * of the tensor. A transpose in the TensorFlow graph only changes this list; data moves when an operator insists on a layout.
 */
export type AxisLayout = readonly number[];

/** ONNX wants pictures with channels first; TensorFlow.js has them last. */
export const channelsFirst: AxisLayout = [0, 3, 1, 2];

export function plainLayout(rank: number): AxisLayout {
  return Array.from({ length: rank }, (_, axis) => axis);
}

export function isPlain(layout: AxisLayout): boolean {
  return layout.every((axis, index) => axis === index);
}

export function sameLayout(a: AxisLayout, b: AxisLayout): boolean {
  return a.length === b.length && a.every((axis, index) => axis === b[index]);
}

export function invertLayout(layout: AxisLayout): AxisLayout {
  const inverse = new Array<number>(layout.length);
  layout.forEach((axis, index) => (inverse[axis] = index));
  return inverse;
}

/** The `perm` of an ONNX Transpose that turns a value in layout `from` into one in layout `to`. */
export function permutationBetween(from: AxisLayout, to: AxisLayout): number[] {
  const positionOfAxis = invertLayout(from);
  return to.map((axis) => positionOfAxis[axis]!);
}

/** Layout of `transpose(tensor, permutation)` when the value itself is left where it is. */
export function layoutAfterTranspose(layout: AxisLayout, permutation: readonly number[]): AxisLayout {
  const newAxisOfOld = invertLayout(permutation);
  return layout.map((axis) => newAxisOfOld[axis]!);
}

/** Layout of a tensor from which `removed` axes are gone; the rest keep their order in the value. */
export function layoutWithout(layout: AxisLayout, removed: readonly number[]): AxisLayout {
  const kept = layout.filter((axis) => !removed.includes(axis));
  const ascending = [...kept].sort((a, b) => a - b);
  return kept.map((axis) => ascending.indexOf(axis));
}
