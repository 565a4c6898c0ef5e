import type { Tensor } from '../../backends/tensor.js';

/** Zeros of a shape, or the values given. */
export function floats(dims: readonly number[], values?: readonly number[]): Tensor & { readonly data: Float32Array } {
  const length = dims.reduce((product, size) => product * size, 1);
  if (values && values.length !== length) throw new Error(`${values.length} values do not fill [${dims.join(', ')}]`);
  return { type: 'float32', dims, data: values ? Float32Array.from(values) : new Float32Array(length) };
}

export function integers(dims: readonly number[], values: readonly number[]): Tensor {
  return { type: 'int64', dims, data: BigInt64Array.from(values, BigInt) };
}
