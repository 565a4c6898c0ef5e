import { countFromFront, layoutAfterTranspose } from '../axis-layout.js';
import { constantOf, elementCount, numbersOf, transposeConstant } from '../constant-tensor.js';
import { knownNumbers, lengthOf, rankOf, type Tensor } from '../conversion-graph.js';
import { computed, computedPlain, input, known, layoutOf, type OperatorCall, type OperatorTable } from '../operator.js';

function reshape(call: OperatorCall): Tensor {
  const { node, graph } = call;
  const tensor = input(call, 0);
  const shape = input(call, 1);
  if (shape.kind === 'computed') {
    if (shape.length === undefined) throw node.unsupported('a target of unknown rank');
    return computedPlain(graph.emit('Reshape', [graph.plain(tensor), graph.sizes(shape)]), shape.length, tensor.elementType);
  }
  const sizes = numbersOf(shape);
  if (tensor.kind === 'known') {
    const given = elementCount(sizes.filter((size) => size > 0));
    return known(node.name, { ...tensor, shape: sizes.map((size) => (size === -1 ? tensor.data.length / given : size)) });
  }
  // 0 is ONNX for "as it was": a graph traced with a batch of 1 then works for any.
  const keepsBatch = graph.options.dynamicBatch && sizes.length > 1 && rankOf(tensor) > 1 && sizes[0] === 1;
  const target = keepsBatch ? [0, ...sizes.slice(1)] : sizes;
  return computedPlain(graph.emit('Reshape', [graph.plain(tensor), graph.int64s(target)]), sizes.length, tensor.elementType);
}

function transpose(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const permutation = knownNumbers(input(call, 1), 'the permutation of Transpose');
  if (tensor.kind === 'known') return known(call.node.name, transposeConstant(tensor, permutation));
  return { ...tensor, layout: layoutAfterTranspose(tensor.layout, permutation) };
}

function expandDims(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const [given = 0] = knownNumbers(input(call, 1), 'the axis of ExpandDims');
  const axis = countFromFront(given, rankOf(tensor) + 1);
  if (tensor.kind === 'known') return known(call.node.name, { ...tensor, shape: tensor.shape.toSpliced(axis, 0, 1) });
  const value = call.graph.emit('Unsqueeze', [call.graph.plain(tensor), call.graph.int64s([axis])]);
  return computedPlain(value, rankOf(tensor) + 1, tensor.elementType);
}

function squeeze(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const axes = call.node.integers('squeeze_dims').map((axis) => countFromFront(axis, rankOf(tensor)));
  if (axes.length === 0) throw call.node.unsupported('squeezing of unnamed axes');
  const value = call.graph.emit('Squeeze', [call.graph.plain(tensor), call.graph.int64s(axes)]);
  return computedPlain(value, rankOf(tensor) - axes.length, tensor.elementType);
}

function pad(call: OperatorCall): Tensor {
  const { node, graph } = call;
  const tensor = input(call, 0);
  const layout = layoutOf(tensor);
  // TensorFlow: [before, after] per axis. ONNX: all befores, then all afters, in the order of the value's axes.
  const amounts = knownNumbers(input(call, 1), `the amounts of ${node.op}`);
  const before = layout.map((axis) => amounts[2 * axis] ?? 0);
  const after = layout.map((axis) => amounts[2 * axis + 1] ?? 0);
  const [filler = 0] = call.inputs[2] ? knownNumbers(call.inputs[2], `the filler of ${node.op}`) : [];
  const value = graph.emit('Pad', [graph.asItLies(tensor), graph.int64s([...before, ...after]), graph.floats([filler])]);
  return computed(value, layout, tensor.elementType);
}

function shape(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const value = call.graph.cast(call.graph.emit('Shape', [call.graph.plain(tensor)]), 'int32');
  return { ...computedPlain(value, 1, 'int32'), length: rankOf(tensor) };
}

function size(call: OperatorCall): Tensor {
  return computedPlain(call.graph.cast(call.graph.emit('Size', [call.graph.plain(input(call, 0))]), 'int32'), 0, 'int32');
}

function fill(call: OperatorCall): Tensor {
  const dimensions = input(call, 0);
  const filler = input(call, 1);
  const rank = lengthOf(dimensions);
  if (rank === undefined) throw call.node.unsupported('a target of unknown rank');
  return computedPlain(call.graph.emit('Expand', [call.graph.plain(filler), call.graph.sizes(dimensions)]), rank, filler.elementType);
}

function tile(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  return computedPlain(
    call.graph.emit('Tile', [call.graph.plain(tensor), call.graph.sizes(input(call, 1))]),
    rankOf(tensor),
    tensor.elementType,
  );
}

function range(call: OperatorCall): Tensor {
  const value = call.graph.emit(
    'Range',
    call.inputs.map((bound) => call.graph.plain(bound)),
  );
  return computedPlain(value, 1, input(call, 0).elementType);
}

/** Only of constants: TensorFlow uses it here to spell out amounts of padding. */
function sparseToDense(call: OperatorCall): Tensor {
  const indices = knownNumbers(input(call, 0), 'the indices of SparseToDense');
  const sizes = knownNumbers(input(call, 1), 'the shape of SparseToDense');
  const values = knownNumbers(input(call, 2), 'the values of SparseToDense');
  const [filler = 0] = knownNumbers(input(call, 3), 'the filler of SparseToDense');
  const dense = new Array<number>(elementCount(sizes)).fill(filler);
  const rank = sizes.length;
  for (let entry = 0; entry < indices.length / rank; entry++) {
    const position = sizes.reduce((offset, axisSize, axis) => offset * axisSize + indices[entry * rank + axis]!, 0);
    dense[position] = values.length === 1 ? values[0]! : values[entry]!;
  }
  return known(call.node.name, constantOf(dense, sizes, 'int32'));
}

/** Operators that change the form of a tensor and not its values. */
export const shapeOperators: OperatorTable = {
  Reshape: reshape,
  Transpose: transpose,
  ExpandDims: expandDims,
  Squeeze: squeeze,
  Pad: pad,
  PadV2: pad,
  Shape: shape,
  Size: size,
  Fill: fill,
  Tile: tile,
  Range: range,
  SparseToDense: sparseToDense,
};
