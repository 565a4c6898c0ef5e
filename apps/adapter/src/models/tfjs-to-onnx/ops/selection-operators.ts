import { countFromFront } from '../axis-layout.js';
import { constantOf, numbersOf } from '../constant-tensor.js';
import { knownNumbers, rankOf, type Tensor } from '../conversion-graph.js';
import { computedPlain, input, known, type OperatorCall, type OperatorTable } from '../operator.js';

/** ONNX for "to the very end" of an axis, in either direction. */
const farEnd = 2 ** 31 - 1;

function topK(call: OperatorCall): Tensor[] {
  const { graph } = call;
  const tensor = input(call, 0);
  const count = graph.emit('Reshape', [graph.sizes(input(call, 1)), graph.int64s([1])]);
  const [values = '', indices = ''] = graph.emitMany('TopK', [graph.plain(tensor), count], { axis: -1 }, 2);
  return [computedPlain(values, rankOf(tensor), tensor.elementType), computedPlain(graph.cast(indices, 'int32'), rankOf(tensor), 'int32')];
}

function gather(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const indices = input(call, 1);
  const [axis = 0] = knownNumbers(input(call, 2), 'the axis of GatherV2');
  const value = call.graph.emit('Gather', [call.graph.plain(tensor), call.graph.plain(indices)], {
    axis: countFromFront(axis, rankOf(tensor)),
  });
  return computedPlain(value, rankOf(tensor) + rankOf(indices) - 1, tensor.elementType);
}

function gatherNd(call: OperatorCall): Tensor {
  const tensor = input(call, 0);
  const indices = input(call, 1);
  const places = indices.elementType === 'int64' ? call.graph.plain(indices) : call.graph.cast(call.graph.plain(indices), 'int64');
  return computedPlain(call.graph.emit('GatherND', [call.graph.plain(tensor), places]), rankOf(indices), tensor.elementType);
}

function select(call: OperatorCall): Tensor {
  const value = call.graph.emit(
    'Where',
    call.inputs.map((tensor) => call.graph.plain(tensor)),
  );
  return computedPlain(value, Math.max(...call.inputs.map(rankOf)), input(call, 1).elementType);
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
function planSlice(call: OperatorCall): SlicePlan {
  const { node } = call;
  const [begin, end, strides] = [1, 2, 3].map((index) => knownNumbers(input(call, index), 'a bound of StridedSlice')) as [
    number[],
    number[],
    number[],
  ];
  if (node.integer('ellipsis_mask', 0) !== 0) throw node.unsupported('an ellipsis');
  const has = (mask: string, entry: number) => (node.integer(mask, 0) & (1 << entry)) !== 0;
  const plan: SlicePlan = { starts: [], ends: [], steps: [], dropped: [], added: [] };
  let outputAxis = 0;
  begin.forEach((first, entry) => {
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
    plan.steps.push(step);
  });
  return plan;
}

function stridedSlice(call: OperatorCall): Tensor {
  const { graph, node } = call;
  const tensor = input(call, 0);
  const { starts, ends, steps, dropped, added } = planSlice(call);
  if (tensor.kind === 'known' && rankOf(tensor) === 1 && dropped.length === 1) {
    const chosen = numbersOf(tensor).at(starts[0]!);
    if (chosen === undefined) throw node.unsupported('an index beyond the end');
    return known(node.name, constantOf([chosen], [], tensor.elementType));
  }
  const axes = starts.map((_, axis) => axis);
  let value = graph.emit('Slice', [graph.plain(tensor), ...[starts, ends, axes, steps].map((numbers) => graph.int64s(numbers))]);
  if (dropped.length > 0) value = graph.emit('Squeeze', [value, graph.int64s(dropped)]);
  if (added.length > 0) value = graph.emit('Unsqueeze', [value, graph.int64s(added)]);
  return computedPlain(value, rankOf(tensor) - dropped.length + added.length, tensor.elementType);
}

/** Operators that pick elements out of a tensor. */
export const selectionOperators: OperatorTable = {
  TopKV2: topK,
  GatherV2: gather,
  GatherNd: gatherNd,
  Select: select,
  SelectV2: select,
  StridedSlice: stridedSlice,
};
