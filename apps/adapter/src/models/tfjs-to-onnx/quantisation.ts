import type { ConstantTensor } from './constant-tensor.js';
import { unsupportedGraph } from './unsupported-graph.js';

/** Smallest and largest value that an activation takes on typical pictures. */
export interface ActivationRange {
  readonly min: number;
  readonly max: number;
}

/** Ranges by `<convolution>/in` and `<convolution>/out`, the places where a graph is quantised. */
export type ActivationRanges = ReadonlyMap<string, ActivationRange>;

const largestUint8 = 255;
/**
 * Half of what int8 could hold. CPUs without VNNI add two products of a uint8 and an int8 in 16 bits, which hold 2 · 255 · 64 and not
 * twice as much: with larger weights the sums of bright pixels are cut off there, and a white wall is a person.
 */
const largestWeight = 64;

/** Scale and zero point of the affine uint8 form of an activation: real = scale · (stored − zeroPoint). */
export function activationQuantisation(range: ActivationRange): { scale: number; zeroPoint: number } {
  // Zero must be representable exactly, since convolutions pad with it.
  const min = Math.min(range.min, 0);
  const max = Math.max(range.max, 0);
  const scale = Math.max((max - min) / largestUint8, 1e-6);
  return { scale, zeroPoint: clamp(Math.round(-min / scale), 0, largestUint8) };
}

/** Symmetric int8 weights with one scale per output channel, which must be the first axis. */
export function quantiseWeights(weights: ConstantTensor): { quantised: ConstantTensor; scales: Float32Array } {
  const values = floatsOf(weights);
  const channels = weights.shape[0] ?? 1;
  const perChannel = values.length / channels;
  const scales = new Float32Array(channels);
  const data = new Int8Array(values.length);
  for (let channel = 0; channel < channels; channel++) {
    const start = channel * perChannel;
    const end = start + perChannel;
    const scale = largestMagnitude(values, start, end) / largestWeight;
    scales[channel] = scale;
    for (let i = start; i < end; i++) data[i] = Math.round(values[i]! / scale);
  }
  return { quantised: { elementType: 'int8', shape: weights.shape, data }, scales };
}

function floatsOf(weights: ConstantTensor): Float32Array {
  if (weights.data instanceof Float32Array) return weights.data;
  throw unsupportedGraph(`weights of type ${weights.elementType} cannot be quantised`);
}

/** Never 0, since it becomes a divisor. */
function largestMagnitude(values: Float32Array, start: number, end: number): number {
  let largest = 1e-9;
  for (let i = start; i < end; i++) {
    const magnitude = values[i]! < 0 ? -values[i]! : values[i]!;
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
