/** Element types that cross a backend's edge, as ONNX names them. */
export type TensorType =
  'float32' | 'float16' | 'float64' | 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'uint64' | 'int64' | 'bool' | 'string';

export type TensorData =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | string[];

/** An array with a shape, row-major. `float16` comes as its bits in a Uint16Array, `bool` as 0 and 1 in a Uint8Array. */
export interface Tensor {
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** Inputs or outputs of a model by name. */
export type Tensors = ReadonlyMap<string, Tensor>;

/** @throws Error when there is no such output, or it holds no 32-bit floats: the manifest does not fit the file */
export function requireFloats(tensors: Tensors, name: string): Float32Array {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`the model has no output "${name}"; it has ${[...tensors.keys()].join(', ')}`);
  if (tensor.data instanceof Float32Array) return tensor.data;
  throw new Error(`output "${name}" of the model has type ${tensor.type}, not float32`);
}
