import { countFromFront, isPlain } from '../axis-layout.js';
import { constantOf, numbersOf } from '../constant-tensor.js';
import { knownNumbers, rankOf, type KnownTensor, type Tensor } from '../conversion-graph.js';
import { computed, computedPlain, input, known, layoutOf, type OperatorCall, type OperatorTable } from '../operator.js';

const allKnown = (tensors: readonly Tensor[]): tensors is readonly KnownTensor[] => tensors.every(({ kind }) => kind === 'known');

function concat(call: OperatorCall): Tensor {
  const parts = call.inputs.slice(0, -1);
  const first = input(call, 0);
  const [givenAxis = 0] = knownNumbers(input(call, call.inputs.length - 1), 'the axis of ConcatV2');
  if (allKnown(parts) && rankOf(first) === 1) {
    const values = parts.flatMap(numbersOf);
    return known(call.node.name, constantOf(values, [values.length], first.elementType));
  }
  const guide = parts.find((part) => part.kind === 'computed' && !isPlain(part.layout)) ?? first;
  const layout = layoutOf(guide);
  const axis = layout.indexOf(countFromFront(givenAxis, layout.length));
  const value = call.graph.emit(
    'Concat',
    parts.map((part) => call.graph.inLayout(part, layout)),
    { axis },
  );
  // A vector joined from scalars that were given an axis each is a shape: its length is their number.
  return { ...computed(value, layout, guide.elementType), length: layout.length === 1 ? parts.length : undefined };
}

/** Joins tensors along a new axis. */
function pack(call: OperatorCall): Tensor {
  const { node, graph, inputs } = call;
  const first = input(call, 0);
  const elementType = (inputs.find(({ kind }) => kind === 'computed') ?? first).elementType;
  if (allKnown(inputs) && rankOf(first) === 0) {
    return known(node.name, constantOf(inputs.flatMap(numbersOf), [inputs.length], elementType));
  }
  const axis = countFromFront(node.integer('axis', 0), rankOf(first) + 1);
  const widened = inputs.map((tensor) => graph.emit('Unsqueeze', [graph.plain(tensor), graph.int64s([axis])]));
  const value = graph.emit('Concat', widened, { axis });
  return { ...computedPlain(value, rankOf(first) + 1, elementType), length: rankOf(first) === 0 ? inputs.length : undefined };
}

/** Takes a tensor apart along one axis, which then is gone. */
function unpack(call: OperatorCall): Tensor[] {
  const { node, graph } = call;
  const tensor = input(call, 0);
  const parts = node.integer('num', 0);
  const axis = countFromFront(node.integer('axis', 0), rankOf(tensor));
  const sizes = graph.int64s(new Array<number>(parts).fill(1));
  const slices = graph.emitMany('Split', [graph.plain(tensor), sizes], { axis }, parts);
  return slices.map((slice) => computedPlain(graph.emit('Squeeze', [slice, graph.int64s([axis])]), rankOf(tensor) - 1, tensor.elementType));
}

function splitAlong(call: OperatorCall, places: { tensor: number; axis: number; sizes?: number }): Tensor[] {
  const { node, graph } = call;
  const tensor = input(call, places.tensor);
  const layout = layoutOf(tensor);
  const [givenAxis = 0] = knownNumbers(input(call, places.axis), `the axis of ${node.op}`);
  const sizes = places.sizes === undefined ? [] : [graph.int64s(knownNumbers(input(call, places.sizes), `the sizes of ${node.op}`))];
  const axis = layout.indexOf(countFromFront(givenAxis, layout.length));
  const parts = graph.emitMany('Split', [graph.asItLies(tensor), ...sizes], { axis }, node.integer('num_split', 1));
  return parts.map((value) => computed(value, layout, tensor.elementType));
}

/** Operators that make one tensor of several, or several of one. */
export const joinAndSplitOperators: OperatorTable = {
  ConcatV2: concat,
  Pack: pack,
  Unpack: unpack,
  Split: (call) => splitAlong(call, { tensor: 1, axis: 0 }),
  SplitV: (call) => splitAlong(call, { tensor: 0, axis: 2, sizes: 1 }),
};
