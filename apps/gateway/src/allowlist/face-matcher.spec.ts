import { describe, expect, it } from '@jest/globals';
import { FaceMatcher } from './face-matcher.js';

const length = 1_024;

/** Numbers in -1..1 that are the same in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function randomVector(next: () => number): Float32Array {
  return Float32Array.from({ length }, next);
}

function cosineOf(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** A mix of two vectors, so that cosines of all sizes occur. */
function between(a: Float32Array, b: Float32Array, share: number): Float32Array {
  return a.map((value, index) => value * (1 - share) + (b[index] ?? 0) * share);
}

describe('a face matcher', () => {
  it('says the same as the plain cosine, near the threshold too', () => {
    const next = randomNumbers(7);
    const listed = Array.from({ length: 40 }, () => randomVector(next));
    const matcher = new FaceMatcher(listed, length, 0.62);
    let matches = 0;
    for (let step = 0; step <= 200; step++) {
      const face = between(listed[step % 40] ?? new Float32Array(), randomVector(next), step / 200);
      const expected = listed.some((vector) => cosineOf(vector, face) >= 0.62);
      expect(matcher.matches(face)).toBe(expected);
      if (expected) matches++;
    }
    expect(matches).toBeGreaterThan(50);
    expect(matches).toBeLessThan(190);
  });

  it('does not care how long a vector is, only where it points', () => {
    const next = randomNumbers(8);
    const face = randomVector(next);
    const matcher = new FaceMatcher([face.map((value) => value * 17)], length, 0.99);
    expect(matcher.matches(face)).toBe(true);
    expect(matcher.matches(face.map((value) => -value))).toBe(false);
  });

  it('finds nobody in an empty list, and is like nobody with zeros, not-a-numbers or another length', () => {
    const face = randomVector(randomNumbers(9));
    expect(new FaceMatcher([], length, 0.5).matches(face)).toBe(false);
    const matcher = new FaceMatcher([face, new Float32Array(length), face.subarray(1)], length, -1);
    expect(matcher.matches(face)).toBe(true);
    expect(matcher.matches(new Float32Array(length))).toBe(false);
    expect(matcher.matches(new Float32Array(length).fill(NaN))).toBe(false);
    expect(matcher.matches(face.subarray(1))).toBe(false);
  });

  it('handles lengths that are no multiple of its blocks', () => {
    const matcher = new FaceMatcher([Float32Array.of(0, 3, 4)], 3, 0.9);
    expect(matcher.matches(Float32Array.of(0, 6, 8))).toBe(true);
    expect(matcher.matches(Float32Array.of(1, 0, 0))).toBe(false);
  });
});
