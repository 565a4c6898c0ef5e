import type { PixelBuffer, SessionOutputs } from '../backends/onnx/onnx-session.js';

/**
 * Smallest cosine between an fp32 output and its int8 counterpart that counts as the same. Sound int8 gives .98 and more;
 * a CPU that saturates 8-bit sums, or ranges that belong to other weights, give far less.
 */
const minCosine = 0.95;

/** The same picture on every machine: gradients and a chequerboard, so that all channels and edges of both directions occur. */
export function checkPicture(widthPixels: number, heightPixels: number): PixelBuffer {
  const data = new Uint8Array(widthPixels * heightPixels * 3);
  for (let y = 0; y < heightPixels; y++) {
    for (let x = 0; x < widthPixels; x++) {
      const start = (y * widthPixels + x) * 3;
      data[start] = Math.floor((255 * x) / widthPixels);
      data[start + 1] = Math.floor((255 * y) / heightPixels);
      data[start + 2] = (((x >> 5) + (y >> 5)) & 1) * 200 + ((x * y) % 55);
    }
  }
  return { data, widthPixels, heightPixels };
}

/** Whether two runs of one model on the same picture say the same, and the cosine of the output that differs most. */
export function compareOutputs(reference: SessionOutputs, candidate: SessionOutputs): { agree: boolean; worstCosine: number } {
  const cosines = [...reference].map(([name, values]) => cosine(values, candidate.get(name)));
  const worstCosine = Math.min(...cosines);
  // NaN, which broken arithmetic gives, is no agreement either.
  return { agree: worstCosine >= minCosine, worstCosine };
}

function cosine(a: Float32Array, b: Float32Array | undefined): number {
  if (b?.length !== a.length) return Number.NaN;
  let product = 0;
  let squaresOfA = 0;
  let squaresOfB = 0;
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squaresOfA += a[i]! ** 2;
    squaresOfB += b[i]! ** 2;
  }
  return product / Math.sqrt(squaresOfA * squaresOfB);
}
