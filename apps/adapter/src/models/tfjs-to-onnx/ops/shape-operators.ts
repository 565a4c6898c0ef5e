import { layoutAfterTranspose } from '../axis-layout.js';
import { constantOf, elementCount, numbersOf, transposeConstant } from '../constant-tensor.js';
import {
  computed,
  computedPlain,
  entriesOf,
  known,
  knownElementCount,
  layoutOf,
  rankOf,
  sizesOf,
  type KnownTensor,
  type Size,
  type Tensor,
} from '../converted-tensor.js';
import { axisFromFront, input, knownInput, knownNumbers, requireOnePicture, type OperatorCall, type OperatorTable } from '../operator.js';

function reshape(call: OperatorCall): Tensor {
  const { node, graph } = call;
  const tensor = input(call, 0);
  const target = input(call, 1);
  const entries = entriesOf(target);
  if (!entries) throw node.unsupported('a target of unknown rank');
  if (tensor.kind === 'known' && target.kind === 'known') return reshapeConstant(call, tensor, numbersOf(target));
  const unknown = entries.filter((size) => size === undefined).length;
  if (unknown > 1 || (unknown === 1 && entries.includes(-1))) {
    return computedPlain(graph.emit('Reshape', [graph.plain(tensor), graph.sizes(target)]), entries, tensor.elementType);
  }
  // One size that the graph computes is what the others leave.
  const sizes = entries.map((size) => size ?? -1);
  if (sizes.some((size) => size < -1 || size === 0) || sizes.filter((size) => size === -1).length > 1) {
    throw node.unsupported(`the target [${sizes.join(', ')}]`);
  }
  // 0 is ONNX for "as it was": a graph traced with a batch of 1 then works for any.
  const keepsBatch = graph.options.dynamicBatch && sizes.length > 1 && rankOf(tensor) > 1 && sizes[0] === 1 && sizesOf(tensor)[0] !== 1;
  const written = keepsBatch ? [0, ...sizes.slice(1)] : sizes;
  const value = graph.emit('Reshape', [graph.plain(tensor), graph.int64s(written)]);
  return computedPlain(
    value,
    sizesAfter(sizesOf(tensor), keepsBatch ? [sizesOf(tensor)[0], ...sizes.slice(1)] : sizes),
    tensor.elementType,
  );
}

/** -1 in a target becomes a number where all sizes of the tensor are known. */
function sizesAfter(before: readonly Size[], target: readonly Size[]): Size[] {
  const rest = target.map((size) => (size === -1 ? undefined : size));
  const others = rest.filter((size) => size !== undefined);
  if (before.includes(undefined) || others.length < target.length - 1) return rest;
  return rest.map((size) => size ?? knownElementCount(before) / knownElementCount(others));
}

function reshapeConstant({ node }: OperatorCall, tensor: KnownTensor, target: readonly number[]): Tensor {
  const given = elementCount(target.filter((size) => size !== -1));
  const shape = target.map((size) => (size === -1 ? tensor.data.length / given : size));
  if (elementCount(shape) !== tensor.data.length || shape.some((size) => !Number.isInteger(size) || size < 0)) {
    throw node.unsupported(`the target [${target.join(', ')}] for ${tensor.data.length} numbers`);
  }
  return known(node.name, { ...tensor, shape });
}

function transpose(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const permutation = knownNumbers(call, 1, 'a permutation');
  const rank = rankOf(tensor);
  const everyAxis = [...permutation].sort((a, b) => a - b).every((axis, index) => axis === index);
  if (permutation.length !== rank || !everyAxis) throw call.node.unsupported(`the permutation [${permutation.join(', ')}]`);
  if (tensor.kind === 'known') return known(call.node.name, transposeConstant(tensor, permutation));
  const sizes = permutation.map((axis) => tensor.sizes[axis]);
  return { ...tensor, layout: layoutAfterTranspose(tensor.layout, permutation), sizes };
}

function expandDims(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const [given = 0] = knownNumbers(call, 1, 'an axis');
  const axis = axisFromFront(call, given, rankOf(tensor) + 1);
  const sizes = sizesOf(tensor).toSpliced(axis, 0, 1);
  if (tensor.kind === 'known') return known(call.node.name, { ...tensor, shape: tensor.shape.toSpliced(axis, 0, 1) });
  return computedPlain(call.graph.emit('Unsqueeze', [call.graph.plain(tensor), call.graph.int64s([axis])]), sizes, tensor.elementType);
}

function squeeze(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const sizes = sizesOf(tensor);
  const named = call.node.integers('squeeze_dims').map((axis) => axisFromFront(call, axis, sizes.length));
  if (named.length === 0 && sizes.includes(undefined)) throw call.node.unsupported('squeezing of unnamed axes of unknown size');
  if (named.includes(0)) requireOnePicture(call, sizes[0]);
  const axes = named.length > 0 ? named : sizes.flatMap((size, axis) => (size === 1 ? [axis] : []));
  const left = sizes.filter((_, axis) => !axes.includes(axis));
  if (tensor.kind === 'known') return known(call.node.name, { ...tensor, shape: left as number[] });
  return computedPlain(call.graph.emit('Squeeze', [call.graph.plain(tensor), call.graph.int64s(axes)]), left, tensor.elementType);
}

function pad(call: OperatorCall): Tensor {
  const { node, graph } = call;
  const tensor = input(call, 0);
  const layout = layoutOf(tensor);
  // TensorFlow: [before, after] per axis. ONNX: all befores, then all afters, in the order of the value's axes.
  const amounts = knownNumbers(call, 1, 'amounts');
  if (amounts.length !== 2 * layout.length || amounts.some((amount) => !(amount >= 0))) throw node.unsupported('such padding');
  const before = layout.map((axis) => amounts[2 * axis]!);
  const after = layout.map((axis) => amounts[2 * axis + 1]!);
  const sizes = sizesOf(tensor).map((size, axis) => (size === undefined ? undefined : size + amounts[2 * axis]! + amounts[2 * axis + 1]!));
  const inputs = [graph.asItLies(tensor), graph.int64s([...before, ...after])];
  if (node.op === 'MirrorPad') {
    // "SYMMETRIC" repeats the edge, for which ONNX has no mode.
    if (node.text('mode') !== 'REFLECT') throw node.unsupported(`mode "${node.text('mode')}"`);
    return computed(graph.emit('Pad', inputs, { mode: 'reflect' }), layout, tensor.elementType, sizes);
  }
  const [filler = 0] = call.inputs[2] ? knownNumbers(call, 2, 'a filler') : [];
  const fillerValue = tensor.elementType === 'float32' ? graph.floats([filler]) : graph.cast(graph.floats([filler]), tensor.elementType);
  return computed(graph.emit('Pad', [...inputs, fillerValue]), layout, tensor.elementType, sizes);
}

function shape(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const sizes = sizesOf(tensor);
  if (!sizes.includes(undefined)) return known(call.node.name, constantOf(sizes as number[], [sizes.length], 'int32'));
  const value = call.graph.cast(call.graph.emit('Shape', [call.graph.plain(tensor)]), 'int32');
  return { ...computedPlain(value, [sizes.length], 'int32'), entries: sizes };
}

function size(call: OperatorCall): Tensor {
  return computedPlain(call.graph.cast(call.graph.emit('Size', [call.graph.plain(input(call, 0))]), 'int32'), [], 'int32');
}

/** A tensor of the size that `dimensions` says, filled with, or broadcast from, `filler`. */
function expand(call: OperatorCall, dimensions: Tensor, filler: Tensor): Tensor {
  const sizes = entriesOf(dimensions);
  if (!sizes) throw call.node.unsupported('a target of unknown rank');
  const value = call.graph.emit('Expand', [call.graph.plain(filler), call.graph.sizes(dimensions)]);
  return computedPlain(value, sizes, filler.elementType);
}

function tile(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const repeats = entriesOf(input(call, 1)) ?? [];
  const sizes = sizesOf(tensor).map((length, axis) => {
    const times = repeats[axis];
    return length === undefined || times === undefined ? undefined : length * times;
  });
  return computedPlain(call.graph.emit('Tile', [call.graph.plain(tensor), call.graph.sizes(input(call, 1))]), sizes, tensor.elementType);
}

function range(call: OperatorCall): Tensor {
  const bounds = [0, 1, 2].map((index) => input(call, index));
  const value = call.graph.emit(
    'Range',
    bounds.map((bound) => call.graph.plain(bound)),
  );
  const [start, limit, step] = bounds.map((bound) => (bound.kind === 'known' ? Number(bound.data[0]) : undefined));
  const length = start === undefined || limit === undefined || !step ? undefined : Math.max(0, Math.ceil((limit - start) / step));
  return computedPlain(value, [length], bounds[0]!.elementType);
}

/** Most numbers that a constant made here may have: the operator spells out amounts of padding. */
const largestDense = 4_096;

/** Only of constants. */
function sparseToDense(call: OperatorCall): Tensor {
  const indices = knownNumbers(call, 0, 'indices');
  const sizes = knownNumbers(call, 1, 'a shape');
  const values = knownNumbers(call, 2, 'values');
  const [filler = 0] = knownNumbers(call, 3, 'a filler');
  if (sizes.some((length) => !(length >= 0)) || elementCount(sizes) > largestDense) {
    throw call.node.unsupported(`the shape [${sizes.join(', ')}]`);
  }
  const dense = new Array<number>(elementCount(sizes)).fill(filler);
  const rank = sizes.length;
  for (let entry = 0; entry * rank < indices.length; entry++) {
    const position = sizes.reduce((offset, axisSize, axis) => offset * axisSize + indices[entry * rank + axis]!, 0);
    if (!(position >= 0 && position < dense.length)) throw call.node.unsupported('an index beyond the end');
    dense[position] = values.length === 1 ? values[0]! : values[entry]!;
  }
  return known(call.node.name, constantOf(dense, sizes, knownInput(call, 2, 'values').elementType));
}

/** Operators that change the form of a tensor and not its values. */
export const shapeOperators: OperatorTable = {
  Reshape: reshape,
  Transpose: transpose,
  ExpandDims: expandDims,
  Squeeze: squeeze,
  Pad: pad,
  PadV2: pad,
  MirrorPad: pad,
  Shape: shape,
  Size: size,
  Fill: (call) => expand(call, input(call, 0), input(call, 1)),
  BroadcastTo: (call) => expand(call, input(call, 1), input(call, 0)),
  Tile: tile,
  Range: range,
  SparseToDense: sparseToDense,
};
