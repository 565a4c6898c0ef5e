import { elementCount, type ConstantTensor } from './constant-tensor.js';
import type { GraphModelJson, WeightEntry } from './graph-model.js';
import { shown, unsupportedGraph } from './unsupported-graph.js';

const bytesPerElement = { float32: 4, int32: 4, bool: 1, float16: 2, uint8: 1, uint16: 2 } as const;

/**
 * Reads the weights of a TensorFlow.js model: binary files that hold one tensor after the other, some of them stored
 * in fewer bits, which are widened here. Nothing is allocated for what the files do not hold.
 * @param readFile content of a file named in the manifest
 * @throws AppError `model_error` when the files are shorter or longer than the manifest says, or a name stands there twice
 */
export async function readWeights(
  manifest: GraphModelJson['weightsManifest'],
  readFile: (path: string) => Promise<Uint8Array>,
): Promise<Map<string, ConstantTensor>> {
  const weights = new Map<string, ConstantTensor>();
  for (const group of manifest) {
    const files = await Promise.all(group.paths.map(readFile));
    const bytes = files.length === 1 ? files[0]! : Buffer.concat(files);
    let offset = 0;
    for (const entry of group.weights) {
      const byteLength = elementCount(entry.shape) * bytesPerElement[entry.quantization?.dtype ?? entry.dtype];
      // Written so that the product of a huge and a zero size, which is no number, is refused too.
      if (!(offset + byteLength <= bytes.byteLength)) throw unsupportedGraph(`the weights end before "${shown(entry.name)}"`);
      if (weights.has(entry.name)) throw unsupportedGraph(`the weights "${shown(entry.name)}" stand in the manifest twice`);
      // Copied, since a typed array must start at a multiple of its element size.
      const own = Uint8Array.prototype.slice.call(bytes, offset, offset + byteLength);
      weights.set(entry.name, decodeWeight(entry, own.buffer));
      offset += byteLength;
    }
    if (offset !== bytes.byteLength) {
      throw unsupportedGraph(`the weights go on for ${bytes.byteLength - offset} bytes that the manifest does not describe`);
    }
  }
  return weights;
}

function decodeWeight(entry: WeightEntry, bytes: ArrayBuffer): ConstantTensor {
  const { shape, dtype, quantization } = entry;
  if (!quantization) return { elementType: dtype, shape, data: decodePlain(dtype, bytes) };
  if (quantization.dtype === 'float16') return { elementType: 'float32', shape, data: widenHalfFloats(new Uint16Array(bytes)) };
  const { scale = 1, min = 0 } = quantization;
  const stored = quantization.dtype === 'uint8' ? new Uint8Array(bytes) : new Uint16Array(bytes);
  return dtype === 'int32'
    ? { elementType: 'int32', shape, data: Int32Array.from(stored, (value) => Math.round(value * scale + min)) }
    : { elementType: 'float32', shape, data: Float32Array.from(stored, (value) => value * scale + min) };
}

function decodePlain(dtype: WeightEntry['dtype'], bytes: ArrayBuffer): ConstantTensor['data'] {
  if (dtype === 'float32') return new Float32Array(bytes);
  if (dtype === 'int32') return new Int32Array(bytes);
  return new Uint8Array(bytes);
}

/** IEEE 754 binary16 → binary32, bit by bit: millions of them are read at every conversion. */
export function widenHalfFloats(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  const bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    const sign = (half & 0x8000) << 16;
    if (exponent === 0) {
      floats[i] = (sign === 0 ? fraction : -fraction) * 2 ** -24;
    } else {
      // 112 is the difference of the exponents' biases, 127 − 15; the largest exponent stands for infinities and NaN in both.
      bits[i] = sign | ((exponent === 0x1f ? 0xff : exponent + 112) << 23) | (fraction << 13);
    }
  }
  return floats;
}
