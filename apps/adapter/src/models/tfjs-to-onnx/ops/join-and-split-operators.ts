import { isPlain } from '../axis-layout.js';
import { constantOf, numbersOf } from '../constant-tensor.js';
import {
  computed,
  computedPlain,
  entriesOf,
  known,
  layoutOf,
  rankOf,
  sizesOf,
  type KnownTensor,
  type Size,
  type Tensor,
} from '../converted-tensor.js';
import { axisFromFront, input, knownNumbers, outputCount, requireOnePicture, type OperatorCall, type OperatorTable } from '../operator.js';

const allKnown = (tensors: readonly Tensor[]): tensors is readonly KnownTensor[] => tensors.every(({ kind }) => kind === 'known');

function concat(call: OperatorCall): Tensor {
  const parts = call.inputs.slice(0, -1);
  const first = input(call, 0);
  const [givenAxis = 0] = knownNumbers(call, call.inputs.length - 1, 'an axis');
  if (allKnown(parts) && rankOf(first) === 1) {
    const values = parts.flatMap(numbersOf);
    return known(call.node.name, constantOf(values, [values.length], first.elementType));
  }
  const guide = parts.find((part) => part.kind === 'computed' && !isPlain(part.layout)) ?? first;
  const layout = layoutOf(guide);
  if (parts.some((part) => rankOf(part) !== layout.length)) throw call.node.unsupported('joining tensors of different ranks');
  const axis = axisFromFront(call, givenAxis, layout.length);
  if (axis !== 0 && parts.some((part) => sizesOf(part)[0] === 1)) parts.forEach((part) => requireOnePicture(call, sizesOf(part)[0]));
  const value = call.graph.emit(
    'Concat',
    parts.map((part) => call.graph.inLayout(part, layout)),
    { axis: layout.indexOf(axis) },
  );
  const sizes = sizesOf(guide).with(axis, sum(parts.map((part) => sizesOf(part)[axis])));
  const entries = layout.length === 1 ? joinedEntries(parts) : undefined;
  return { ...computed(value, layout, guide.elementType, sizes), entries };
}

function sum(sizes: readonly Size[]): Size {
  return sizes.reduce((total, size) => (total === undefined || size === undefined ? undefined : total + size), 0);
}

function joinedEntries(parts: readonly Tensor[]): readonly Size[] | undefined {
  const lists = parts.map(entriesOf);
  return lists.every((list) => list !== undefined) ? lists.flat() : undefined;
}

/** Joins tensors along a new axis. */
function pack(call: OperatorCall): Tensor {
  const { node, graph, inputs } = call;
  const first = input(call, 0);
  const elementType = (inputs.find(({ kind }) => kind === 'computed') ?? first).elementType;
  if (allKnown(inputs) && rankOf(first) === 0) {
    return known(node.name, constantOf(inputs.flatMap(numbersOf), [inputs.length], elementType));
  }
  const axis = axisFromFront(call, node.integer('axis', 0), rankOf(first) + 1);
  const widened = inputs.map((tensor) => graph.emit('Unsqueeze', [graph.plain(tensor), graph.int64s([axis])]));
  const value = graph.emit('Concat', widened, { axis });
  const entries = inputs.map((tensor) => (tensor.kind === 'known' ? Number(tensor.data[0]) : undefined));
  return {
    ...computedPlain(value, sizesOf(first).toSpliced(axis, 0, inputs.length), elementType),
    entries: rankOf(first) === 0 ? entries : undefined,
  };
}

/** Takes a tensor apart along one axis, which then is gone. */
function unpack(call: OperatorCall): Tensor[] {
  const { node, graph } = call;
  const tensor = input(call, 0);
  const parts = outputCount(call, node.integer('num', 0));
  const axis = axisFromFront(call, node.integer('axis', 0), rankOf(tensor));
  const lengths = graph.int64s(new Array<number>(parts).fill(1));
  if (axis === 0) requireOnePicture(call, sizesOf(tensor)[0]);
  const slices = graph.emitMany('Split', [graph.plain(tensor), lengths], { axis }, parts);
  const sizes = sizesOf(tensor).toSpliced(axis, 1);
  return slices.map((slice) => computedPlain(graph.emit('Squeeze', [slice, graph.int64s([axis])]), sizes, tensor.elementType));
}

function splitAlong(call: OperatorCall, places: { tensor: number; axis: number; lengths?: number }): Tensor[] {
  const { node, graph } = call;
  const tensor = input(call, places.tensor);
  const layout = layoutOf(tensor);
  const [givenAxis = 0] = knownNumbers(call, places.axis, 'an axis');
  const axis = axisFromFront(call, givenAxis, layout.length);
  const count = outputCount(call, node.integer('num_split', 1));
  const whole = sizesOf(tensor)[axis];
  const lengths = partLengths(call, { count, whole, given: places.lengths });
  const inputs = [graph.asItLies(tensor), ...(lengths ? [graph.int64s(lengths)] : [])];
  const parts = graph.emitMany('Split', inputs, { axis: layout.indexOf(axis) }, count);
  return parts.map((value, part) => computed(value, layout, tensor.elementType, sizesOf(tensor).with(axis, lengths?.[part])));
}

/** Lengths of the parts; undefined when the runtime has to cut into equal ones. -1 stands for the rest. */
function partLengths(call: OperatorCall, of: { count: number; whole: Size; given: number | undefined }): number[] | undefined {
  const { count, whole, given } = of;
  if (given === undefined) return whole === undefined ? undefined : new Array<number>(count).fill(whole / count);
  const lengths = knownNumbers(call, given, 'lengths');
  if (!lengths.includes(-1)) return lengths;
  if (whole === undefined) throw call.node.unsupported('a rest of unknown length');
  const others = lengths.reduce((total, length) => total + Math.max(0, length), 0);
  return lengths.map((length) => (length === -1 ? whole - others : length));
}

/** Operators that make one tensor of several, or several of one. */
export const joinAndSplitOperators: OperatorTable = {
  ConcatV2: concat,
  Pack: pack,
  Unpack: unpack,
  Split: (call) => splitAlong(call, { tensor: 1, axis: 0 }),
  SplitV: (call) => splitAlong(call, { tensor: 0, axis: 2, lengths: 1 }),
};
