import type { ConstantTensor } from './constant-tensor.js';
import { unsupportedGraph } from './unsupported-graph.js';

/** Smallest and largest value that an activation takes on typical pictures. */
interface ActivationRange {
  readonly min: number;
  readonly max: number;
}

/** Ranges by `<convolution>/in` and `<convolution>/out`, the places where a graph is quantised. */
export type ActivationRanges = ReadonlyMap<string, ActivationRange>;

const largestUint8 = 255;
/**
 * Half of what int8 could hold, on every CPU, so that all answer the same. CPUs without VNNI add two products of a uint8 and an int8
 * in 16 bits, which hold 2 · 255 · 64 and not twice as much: with larger weights the sums of bright pixels are cut off there, and a
 * white wall is a person.
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

/**
 * Symmetric int8 weights with one scale per output channel, which must be the first axis. The weights of one kernel, which are those
 * of the last two axes, keep their sum: what a kernel sees is much the same at neighbouring places, so that errors of its weights
 * cancel there when their sum is 0, and add up to a shift of the whole channel when it is not.
 */
export function quantiseWeights(weights: ConstantTensor): { quantised: ConstantTensor; scales: Float32Array } {
  const values = floatsOf(weights);
  const [channels = 1, , ...kernel] = weights.shape;
  const perChannel = values.length / channels;
  const perKernel = kernel.reduce((product, size) => product * size, 1);
  const scales = new Float32Array(channels);
  const data = new Int8Array(values.length);
  for (let channel = 0; channel < channels; channel++) {
    const start = channel * perChannel;
    const end = start + perChannel;
    const scale = largestMagnitude(values, start, end) / largestWeight;
    scales[channel] = scale;
    for (let first = start; first < end; first += perKernel) roundKernel(values, data, { first, end: first + perKernel, scale });
  }
  return { quantised: { elementType: 'int8', shape: weights.shape, data }, scales };
}

/** Rounds to the nearest, then moves as many weights as it takes to bring the sum to the nearest integer: the closest calls. */
function roundKernel(values: Float32Array, data: Int8Array, { first, end, scale }: { first: number; end: number; scale: number }): void {
  let missing = 0;
  for (let i = first; i < end; i++) {
    data[i] = Math.round(values[i]! / scale);
    missing += values[i]! / scale - data[i]!;
  }
  const step = Math.sign(missing);
  for (let left = Math.round(Math.abs(missing)); left > 0; left--) {
    let closest = -1;
    let gain = -Infinity;
    for (let i = first; i < end; i++) {
      const here = step * (values[i]! / scale - data[i]!);
      if (here > gain && Math.abs(data[i]! + step) <= largestWeight) [closest, gain] = [i, here];
    }
    if (closest === -1) return;
    data[closest]! += step;
  }
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
