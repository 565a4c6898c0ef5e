import { iou, type BoxXyxy } from './box.js';

/** What suppression needs to know of a detection; callers pass their own richer type and get it back. */
export interface ScoredBox {
  readonly box: BoxXyxy;
  readonly score: number;
  readonly classId: number;
}

interface SuppressionOptions {
  /** Two boxes that overlap by more than this are the same object. 0..1. */
  readonly maxIou: number;
  /** `same-class`: the usual detector clean-up. `any-class`: one object under two names, e.g. cow and horse. */
  readonly scope: 'same-class' | 'any-class';
}

/**
 * Greedy non-maximum suppression: best score first, a box goes when it overlaps one that was kept.
 * Returns the survivors by falling score; equal scores keep their order, so the result is deterministic.
 * O(n²) in the worst case: callers bound n by a score threshold.
 */
export function suppressNonMaxima<T extends ScoredBox>(detections: readonly T[], options: SuppressionOptions): T[] {
  const { maxIou, scope } = options;
  const kept: T[] = [];
  for (const candidate of [...detections].sort((a, b) => b.score - a.score)) {
    const covered = kept.some(
      (winner) => (scope === 'any-class' || winner.classId === candidate.classId) && iou(winner.box, candidate.box) > maxIou,
    );
    if (!covered) kept.push(candidate);
  }
  return kept;
}
