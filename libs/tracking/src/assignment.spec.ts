import { describe, expect, it } from '@jest/globals';
import { assignByWeight, unassigned } from './assignment.js';

const solve = (matrix: number[][]) => Array.from(assignByWeight(Float64Array.from(matrix.flat()), matrix.length, matrix[0]?.length ?? 0));

/** Best total weight by trying every assignment; for matrices small enough to try. */
function bestTotal(matrix: number[][], row = 0, used = new Set<number>()): number {
  if (row === matrix.length) return 0;
  let best = bestTotal(matrix, row + 1, used);
  matrix[row]!.forEach((weight, column) => {
    if (weight <= 0 || used.has(column)) return;
    best = Math.max(best, weight + bestTotal(matrix, row + 1, new Set([...used, column])));
  });
  return best;
}

const totalOf = (matrix: number[][], columns: number[]) =>
  columns.reduce((sum, column, row) => sum + (column === unassigned ? 0 : matrix[row]![column]!), 0);

/** Small linear congruential generator: the same matrices on every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32;
}

describe('assignByWeight', () => {
  it('prefers the best total over the best single pair', () => {
    expect(
      solve([
        [0.9, 0.8],
        [0.8, 0.1],
      ]),
    ).toEqual([1, 0]);
  });

  it('never uses a pair of weight 0 or less', () => {
    expect(
      solve([
        [0, 0.5],
        [-1, 0],
      ]),
    ).toEqual([1, unassigned]);
  });

  it('answers for empty sides', () => {
    expect(Array.from(assignByWeight(new Float64Array(), 0, 4))).toEqual([]);
    expect(Array.from(assignByWeight(new Float64Array(), 2, 0))).toEqual([unassigned, unassigned]);
  });

  it('uses each column once when there are more rows than columns', () => {
    expect(solve([[0.4], [0.9], [0.5]])).toEqual([unassigned, 0, unassigned]);
  });

  it('finds the optimum of two hundred random matrices of every shape up to 5 x 5', () => {
    const random = seeded(7);
    for (let round = 0; round < 200; round++) {
      const rows = 1 + Math.floor(random() * 5);
      const columns = 1 + Math.floor(random() * 5);
      const matrix = Array.from({ length: rows }, () => Array.from({ length: columns }, () => (random() < 0.4 ? 0 : random())));
      expect(totalOf(matrix, solve(matrix))).toBeCloseTo(bestTotal(matrix), 9);
    }
  });
});
