import { constantOf, numbersOf } from '../constant-tensor.js';
import { broadcastSizes, computedPlain, entriesOf, known, rankOf, sizesOf, type Size, type Tensor } from '../converted-tensor.js';
import { axisFromFront, input, knownNumbers, type OperatorCall, type OperatorTable } from '../operator.js';

/** ONNX for "to the very end" of an axis, in either direction. */
const farEnd = 2 ** 31 - 1;

function topK(call: OperatorCall): Tensor[] {
  const { graph } = call;
  const tensor = input(call, 0);
  const wanted = input(call, 1);
  const count = graph.emit('Reshape', [graph.sizes(wanted), graph.int64s([1])]);
  const [values = '', indices = ''] = graph.emitMany('TopK', [graph.plain(tensor), count], { axis: -1 }, 2);
  const sizes = [...sizesOf(tensor).slice(0, -1), wanted.kind === 'known' ? Number(wanted.data[0]) : undefined];
  return [computedPlain(values, sizes, tensor.elementType), computedPlain(graph.cast(indices, 'int32'), sizes, 'int32')];
}

function gather(call: OperatorCall): Tensor {
  const { node, graph } = call;
  const tensor = input(call, 0);
  const indices = input(call, 1);
  const [given = 0] = call.inputs[2] ? knownNumbers(call, 2, 'an axis') : [];
  const axis = axisFromFront(call, given, rankOf(tensor));
  if (node.integer('batch_dims', 0) !== 0) throw node.unsupported('batch_dims');
  const value = graph.emit('Gather', [graph.plain(tensor), graph.plain(indices)], { axis });
  return computedPlain(value, sizesOf(tensor).toSpliced(axis, 1, ...sizesOf(indices)), tensor.elementType);
}

/** Each row of `indices` is the place of an element, or of a whole part where it is shorter than the tensor has axes. */
function gatherNd(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const indices = input(call, 1);
  const depth = sizesOf(indices).at(-1);
  if (depth === undefined || depth > rankOf(tensor)) throw call.node.unsupported('indices of unknown length');
  const places = indices.elementType === 'int64' ? call.graph.plain(indices) : call.graph.cast(call.graph.plain(indices), 'int64');
  const sizes = [...sizesOf(indices).slice(0, -1), ...sizesOf(tensor).slice(depth)];
  return computedPlain(call.graph.emit('GatherND', [call.graph.plain(tensor), places]), sizes, tensor.elementType);
}

function select(call: OperatorCall): Tensor {
  const [condition, yes, no] = [input(call, 0), input(call, 1), input(call, 2)];
  // The old operator lines a vector up with the first axis; ONNX does with the last.
  if (call.node.op === 'Select' && rankOf(condition) === 1 && rankOf(yes) > 1) throw call.node.unsupported('a condition per row');
  const value = call.graph.emit(
    'Where',
    [condition, yes, no].map((tensor) => call.graph.plain(tensor)),
  );
  return computedPlain(value, broadcastSizes(sizesOf(condition), broadcastSizes(sizesOf(yes), sizesOf(no))), yes.elementType);
}

interface SlicePlan {
  /** One entry for each axis of the input that the slice mentions. */
  readonly starts: number[];
  readonly ends: number[];
  readonly steps: number[];
  /** Axes of the input that vanish, since one element of them is taken. */
  readonly dropped: number[];
  /** Axes of the output that are new, of size 1. */
  readonly added: number[];
}

/** Reads TensorFlow's five bit masks, in which bit `i` speaks of the i-th entry of begin, end and strides. */
function planSlice(call: OperatorCall, rank: number): SlicePlan {
  const { node } = call;
  const [begin, end, strides] = [1, 2, 3].map((index) => knownNumbers(call, index, 'a bound')) as [number[], number[], number[]];
  if (begin.length !== end.length || begin.length !== strides.length || strides.includes(0)) throw node.unsupported('such bounds');
  const has = (mask: string, entry: number) => (node.integer(mask, 0) & (1 << entry)) !== 0;
  const plan: SlicePlan = { starts: [], ends: [], steps: [], dropped: [], added: [] };
  const takeAll = () => {
    plan.starts.push(0);
    plan.ends.push(farEnd);
    plan.steps.push(1);
    outputAxis++;
  };
  const mentioned = begin.filter((_, entry) => !has('new_axis_mask', entry) && !has('ellipsis_mask', entry)).length;
  if (mentioned > rank) throw node.unsupported('more bounds than axes');
  let outputAxis = 0;
  begin.forEach((first, entry) => {
    if (has('ellipsis_mask', entry)) {
      // As many axes as the other entries leave over.
      for (let axis = mentioned; axis < rank; axis++) takeAll();
      return;
    }
    if (has('new_axis_mask', entry)) {
      plan.added.push(outputAxis++);
      return;
    }
    const step = strides[entry]!;
    const backwards = step < 0;
    const axis = plan.starts.length;
    if (has('shrink_axis_mask', entry)) {
      plan.starts.push(first);
      plan.ends.push(first === -1 ? farEnd : first + 1);
      plan.dropped.push(axis);
    } else {
      plan.starts.push(has('begin_mask', entry) ? (backwards ? farEnd : 0) : first);
      plan.ends.push(has('end_mask', entry) ? (backwards ? -farEnd : farEnd) : end[entry]!);
      outputAxis++;
    }
    plan.steps.push(has('shrink_axis_mask', entry) ? 1 : step);
  });
  return plan;
}

function stridedSlice(call: OperatorCall): Tensor {
  const { graph } = call;
  const tensor = input(call, 0);
  const { starts, ends, steps, dropped, added } = planSlice(call, rankOf(tensor));
  if (rankOf(tensor) === 1 && dropped.length === 1) {
    const entry = knownEntry(call, tensor, starts[0]!);
    if (entry) return entry;
  }
  const axes = starts.map((_, axis) => axis);
  let value = graph.emit('Slice', [graph.plain(tensor), ...[starts, ends, axes, steps].map((numbers) => graph.int64s(numbers))]);
  if (dropped.length > 0) value = graph.emit('Squeeze', [value, graph.int64s(dropped)]);
  if (added.length > 0) value = graph.emit('Unsqueeze', [value, graph.int64s(added)]);
  const cut = sizesOf(tensor).map((size, axis) =>
    axis < starts.length ? slicedSize(size, { start: starts[axis]!, end: ends[axis]!, step: steps[axis]! }) : size,
  );
  const sizes = cut.filter((_, axis) => !dropped.includes(axis));
  for (const axis of added) sizes.splice(axis, 0, 1);
  return computedPlain(value, sizes, tensor.elementType);
}

/** One entry of a shape, where it is known. */
function knownEntry({ node }: OperatorCall, tensor: Tensor, index: number): Tensor | undefined {
  if (tensor.kind === 'known' && numbersOf(tensor).at(index) === undefined) throw node.unsupported('an index beyond the end');
  const chosen = entriesOf(tensor)?.at(index);
  return chosen === undefined ? undefined : known(node.name, constantOf([chosen], [], tensor.elementType));
}

function slicedSize(size: Size, { start, end, step }: { start: number; end: number; step: number }): Size {
  if (size === undefined) return undefined;
  const place = (bound: number) => (bound < 0 ? bound + size : bound);
  const first = Math.min(Math.max(place(start), 0), step < 0 ? size - 1 : size);
  // Backwards "to the very end" is before the first element.
  const last = end === -farEnd ? -1 : Math.min(Math.max(place(end), step < 0 ? -1 : 0), size);
  return Math.max(0, Math.ceil((last - first) / step));
}

/** A slice that says where it begins and how many it takes; -1 is all that is left. */
function slice(call: OperatorCall): Tensor {
  const { graph } = call;
  const tensor = input(call, 0);
  const begin = knownNumbers(call, 1, 'a begin');
  const counts = knownNumbers(call, 2, 'a size');
  if (begin.length !== rankOf(tensor) || counts.length !== begin.length) throw call.node.unsupported('such bounds');
  const ends = begin.map((first, axis) => (counts[axis] === -1 ? farEnd : first + counts[axis]!));
  const axes = begin.map((_, axis) => axis);
  const value = graph.emit('Slice', [graph.plain(tensor), ...[begin, ends, axes].map((numbers) => graph.int64s(numbers))]);
  const sizes = sizesOf(tensor).map((size, axis) => slicedSize(size, { start: begin[axis]!, end: ends[axis]!, step: 1 }));
  return computedPlain(value, sizes, tensor.elementType);
}

/** Operators that pick elements out of a tensor. */
export const selectionOperators: OperatorTable = {
  TopKV2: topK,
  GatherV2: gather,
  GatherNd: gatherNd,
  Select: select,
  SelectV2: select,
  StridedSlice: stridedSlice,
  Slice: slice,
};
