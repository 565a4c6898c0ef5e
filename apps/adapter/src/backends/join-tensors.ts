import type { Tensor, TensorData, Tensors } from './tensor.js';

/** What calls must have in common to be run as one. */
export function joinKey(inputs: Tensors): string {
  return [...inputs].map(([name, { type, dims }]) => `${name} ${type} ${dims.slice(1).join(',')}`).join(';');
}

/** Tensors of several calls as those of one, along the first axis. All have the same names, types and further axes. */
export function joinRows(calls: readonly Tensors[]): Tensors {
  const [first] = calls;
  if (!first || calls.length === 1) return first ?? new Map();
  return new Map([...first.keys()].map((name) => [name, joinTensors(calls.map((tensors) => tensors.get(name)!))]));
}

/** The rows from `from` to before `to` of every tensor: views, no copies. */
export function rowsOf(tensors: Tensors, from: number, to: number): Tensors {
  return new Map([...tensors].map(([name, tensor]) => [name, rowsOfTensor(tensor, from, to)]));
}

/** Tensors with rows of zeros added until there are `rows`. */
export function padRows(tensors: Tensors, rows: number): Tensors {
  return new Map(
    [...tensors].map(([name, tensor]) => {
      const [given = 1, ...rest] = tensor.dims;
      const data = emptyLike(tensor.data, (tensor.data.length / given) * rows);
      setAll(data, tensor.data, 0);
      return [name, { type: tensor.type, dims: [rows, ...rest], data }];
    }),
  );
}

/**
 * Outputs of one run as those of its calls, `sizes[i]` rows each; rows beyond their sum are left out. The parts are views.
 * @throws Error when an output's first axis is not the batch
 */
export function splitOutputs(outputs: Tensors, sizes: readonly number[], rows: number): Tensors[] {
  for (const [name, { dims }] of outputs) {
    if (dims[0] !== rows) throw new Error(`output "${name}" has no row for each picture of a batch: [${dims.join(', ')}] for ${rows}`);
  }
  let start = 0;
  return sizes.map((size) => {
    const from = start;
    start += size;
    return rowsOf(outputs, from, start);
  });
}

function joinTensors(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors as readonly [Tensor];
  const length = tensors.reduce((sum, { data }) => sum + data.length, 0);
  const data = emptyLike(first.data, length);
  let offset = 0;
  for (const tensor of tensors) {
    setAll(data, tensor.data, offset);
    offset += tensor.data.length;
  }
  const rows = tensors.reduce((sum, { dims }) => sum + (dims[0] ?? 0), 0);
  return { type: first.type, dims: [rows, ...first.dims.slice(1)], data };
}

function rowsOfTensor(tensor: Tensor, from: number, to: number): Tensor {
  const { type, dims, data } = tensor;
  const [rows = 1, ...rest] = dims;
  if (from === 0 && to === rows) return tensor;
  const perRow = data.length / rows;
  const part = Array.isArray(data) ? data.slice(from * perRow, to * perRow) : data.subarray(from * perRow, to * perRow);
  return { type, dims: [to - from, ...rest], data: part };
}

/** For bytes always a plain array: what comes from a picture decoder may be a Buffer, which is none to make others of. */
function emptyLike(data: TensorData, length: number): TensorData {
  if (Array.isArray(data)) return new Array<string>(length).fill('');
  if (data instanceof Uint8Array) return new Uint8Array(length);
  return new (data.constructor as new (length: number) => Exclude<TensorData, string[]>)(length);
}

function setAll(target: TensorData, source: TensorData, offset: number): void {
  if (Array.isArray(target)) target.splice(offset, source.length, ...(source as string[]));
  // Both were made from tensors of one type.
  else (target as Float32Array).set(source as Float32Array, offset);
}
