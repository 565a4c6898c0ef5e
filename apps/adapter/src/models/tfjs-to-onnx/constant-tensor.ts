/** Element types that occur in the graphs we write, with their numbers in ONNX. */
export const onnxElementType = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof onnxElementType;

type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

/** A tensor whose values are known when the graph is converted. Row-major. */
export interface ConstantTensor {
  readonly elementType: ElementType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** All values as plain numbers. */
export function numbersOf(tensor: ConstantTensor): number[] {
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

/** A float32 or int32 constant from plain numbers. */
export function constantOf(values: readonly number[], shape: readonly number[], elementType: ElementType): ConstantTensor {
  const data = elementType === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
  return { elementType: elementType === 'float32' ? 'float32' : 'int32', shape, data };
}

/** Moves the data: axis `i` of the result is axis `permutation[i]` of the input. */
export function transposeConstant(tensor: ConstantTensor, permutation: readonly number[]): ConstantTensor {
  const { shape, data } = tensor;
  const outShape = permutation.map((axis) => shape[axis]!);
  const stride = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    stride[axis] = step;
    step *= shape[axis]!;
  }
  const outStride = permutation.map((axis) => stride[axis]!);
  const out = emptyLike(data);
  const runLength = outShape.at(-1) ?? 1;
  const runStride = outStride.at(-1) ?? 1;
  const index = new Array<number>(outShape.length).fill(0);
  // Run by run along the last axis: millions of weights are moved at every conversion.
  for (let position = 0; position < data.length; position += runLength) {
    let source = 0;
    for (let axis = 0; axis < index.length - 1; axis++) source += index[axis]! * outStride[axis]!;
    for (let i = 0; i < runLength; i++) out[position + i] = data[source + i * runStride]!;
    for (let axis = index.length - 2; axis >= 0; axis--) {
      if (++index[axis]! < outShape[axis]!) break;
      index[axis] = 0;
    }
  }
  return { ...tensor, shape: outShape, data: out };
}

function emptyLike(data: TensorData): { [index: number]: number | bigint } & TensorData {
  const Constructor = data.constructor as new (length: number) => { [index: number]: number | bigint } & TensorData;
  return new Constructor(data.length);
}
