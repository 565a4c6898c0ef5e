/** What recordings may take. 0 stands for unbounded. */
export interface RetentionBounds {
  ageMsMax: number;
  usedBytesMax: number;
  /** Stays free on the disk, whoever fills it. */
  freeBytesMin: number;
}

/** A file that may go: closed, and in no protected range. */
export interface ExpiryCandidate {
  id: number;
  endsAtMs: number;
  sizeBytes: number;
}

/** What the bounds are held against. */
export interface StorageSituation {
  nowMs: number;
  usedBytes: number;
  /** Undefined while the disk does not say. */
  freeBytes: number | undefined;
}

/** A bound that would take files which must stay. */
export type UnmetBound = 'used_bytes' | 'free_bytes';

/**
 * Which files go, so that the bounds hold again: those that are too old, and the oldest until there is room.
 * @param candidates oldest first; maybe only the first of them
 * @returns `unmet` when even all of these candidates do not make room enough
 */
export function chooseExpired<Candidate extends ExpiryCandidate>(
  candidates: readonly Candidate[],
  situation: StorageSituation,
  bounds: RetentionBounds,
): { expired: Candidate[]; unmet: UnmetBound[] } {
  const { freeBytes, nowMs, usedBytes } = situation;
  let overBytes = bounds.usedBytesMax > 0 ? usedBytes - bounds.usedBytesMax : 0;
  let shortBytes = bounds.freeBytesMin > 0 && freeBytes !== undefined ? bounds.freeBytesMin - freeBytes : 0;
  const expired = candidates.filter(({ endsAtMs, sizeBytes }) => {
    const isTooOld = bounds.ageMsMax > 0 && endsAtMs < nowMs - bounds.ageMsMax;
    if (!isTooOld && overBytes <= 0 && shortBytes <= 0) return false;
    overBytes -= sizeBytes;
    shortBytes -= sizeBytes;
    return true;
  });
  const unmet: UnmetBound[] = [];
  if (overBytes > 0) unmet.push('used_bytes');
  if (shortBytes > 0) unmet.push('free_bytes');
  return { expired, unmet };
}
