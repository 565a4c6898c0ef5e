import type { Tensor, Tensors } from '../backends/tensor.js';
import type { PixelBuffer } from '../pictures/picture.js';

/**
 * Smallest cosine between an fp32 output and its int8 counterpart that counts as the same. Sound int8 gives .98 and more;
 * a CPU that saturates 8-bit sums, or ranges that belong to other weights, give far less.
 */
const sameInInt8 = 0.95;

/** The same picture on every machine: gradients and a chequerboard, so that all channels and edges of both directions occur. */
export function checkPicture(widthPixels: number, heightPixels: number, brightness = 1): PixelBuffer {
  const data = new Uint8Array(widthPixels * heightPixels * 3);
  for (let y = 0; y < heightPixels; y++) {
    for (let x = 0; x < widthPixels; x++) {
      const start = (y * widthPixels + x) * 3;
      data[start] = Math.floor((255 * brightness * x) / widthPixels);
      data[start + 1] = Math.floor((255 * brightness * y) / heightPixels);
      data[start + 2] = Math.floor(brightness * ((((x >> 5) + (y >> 5)) & 1) * 200 + ((x * y) % 55)));
    }
  }
  return { data, widthPixels, heightPixels };
}

/**
 * Whether two runs of one model on the same picture say the same, and the cosine of the output that differs most.
 * @param minCosine smallest that counts as the same
 */
export function compareOutputs(reference: Tensors, candidate: Tensors, minCosine = sameInInt8): { agree: boolean; worstCosine: number } {
  const cosines = [...reference].map(([name, tensor]) => {
    const other = candidate.get(name);
    return other ? cosine(numbersOf(tensor), numbersOf(other)) : Number.NaN;
  });
  const worstCosine = Math.min(...cosines);
  // NaN, which broken arithmetic gives, is no agreement either.
  return { agree: worstCosine >= minCosine, worstCosine };
}

function numbersOf({ data }: Tensor): ArrayLike<number> {
  return data instanceof Float32Array ? data : Array.from<unknown, number>(data, Number);
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (b.length !== a.length) return Number.NaN;
  let product = 0;
  let squaresOfA = 0;
  let squaresOfB = 0;
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squaresOfA += a[i]! ** 2;
    squaresOfB += b[i]! ** 2;
  }
  // Nothing found in either.
  if (squaresOfA === 0 && squaresOfB === 0) return 1;
  return product / Math.sqrt(squaresOfA * squaresOfB);
}
