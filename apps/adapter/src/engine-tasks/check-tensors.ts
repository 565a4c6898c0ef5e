import { AppError } from '@nightjar/runtime/app-error';
import type { Tensor, Tensors, TensorType } from '../backends/tensor.js';
import type { NamedTensor } from '../engine/engine-tasks.js';
import type { TensorDescription } from '../engine/protocol.js';

const maxRank = 8;
const maxNameLength = 200;

/** In what kind of array each element type comes. */
const arrayOfType: Readonly<Record<TensorType, string>> = {
  float32: 'Float32Array',
  float16: 'Uint16Array',
  float64: 'Float64Array',
  uint8: 'Uint8Array',
  int8: 'Int8Array',
  uint16: 'Uint16Array',
  int16: 'Int16Array',
  uint32: 'Uint32Array',
  int32: 'Int32Array',
  uint64: 'BigUint64Array',
  int64: 'BigInt64Array',
  bool: 'Uint8Array',
  string: 'Array',
};

/**
 * Holds a caller's tensors against what a model takes: each input once, of its type, of its shape, with as much data as the shape
 * says.
 * @param expected the model's inputs; undefined: it takes anything
 * @throws AppError `invalid_argument` that names the tensor and says what was expected
 */
export function checkTensors(given: readonly NamedTensor[], expected: readonly TensorDescription[] | undefined): Tensors {
  const tensors = new Map<string, Tensor>();
  for (const { name, type, dims, data } of given) {
    const shown = name.slice(0, maxNameLength);
    if (tensors.has(name)) throw new AppError('invalid_argument', `input "${shown}" is given twice`);
    checkData({ name: shown, type, dims, data });
    tensors.set(name, { type, dims, data });
  }
  if (!expected) return tensors;
  for (const input of expected) {
    const tensor = tensors.get(input.name);
    if (!tensor) throw new AppError('invalid_argument', `input "${input.name}" is missing; the model takes ${list(expected)}`);
    checkShape(tensor, input);
  }
  const unknown = [...tensors.keys()].find((name) => !expected.some((input) => input.name === name));
  if (unknown !== undefined) {
    throw new AppError('invalid_argument', `the model has no input "${unknown.slice(0, maxNameLength)}"; it takes ${list(expected)}`);
  }
  return tensors;
}

/** What a tensor says of itself, without a model. */
function checkData({ name, type, dims, data }: NamedTensor): void {
  if (!Object.hasOwn(arrayOfType, type) || kindOfArray(data) !== arrayOfType[type]) {
    throw new AppError('invalid_argument', `input "${name}": its data are not of type ${type}`);
  }
  if (dims.length > maxRank || !dims.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new AppError('invalid_argument', `input "${name}": its shape must be at most ${maxRank} sizes of 0 and more`);
  }
  const elements = dims.reduce((product, size) => product * size, 1);
  if (elements !== data.length) {
    throw new AppError(
      'invalid_argument',
      `input "${name}": its shape [${dims.join(', ')}] means ${elements} elements, the data have ${data.length}`,
    );
  }
}

/** `Uint8Array` also for a Buffer, which is one. */
function kindOfArray(data: unknown): string {
  return Object.prototype.toString.call(data).slice('[object '.length, -1);
}

function checkShape({ type, dims }: Tensor, input: TensorDescription): void {
  const fits =
    type === input.type && dims.length === input.dims.length && input.dims.every((size, axis) => size === -1 || size === dims[axis]);
  if (!fits)
    throw new AppError('invalid_argument', `input "${input.name}" is ${type} [${dims.join(', ')}], the model takes ${list([input])}`);
}

function list(inputs: readonly TensorDescription[]): string {
  return inputs.map(({ name, type, dims }) => `"${name}" ${type} [${dims.join(', ')}]`).join(', ');
}
