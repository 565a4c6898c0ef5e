import { AppError } from '@nightjar/runtime';

/** Largest number of its column: 68 years, which is as good as more. */
export const processingBoundSecondsMax = 2 ** 31 - 1;

/**
 * Reads `Max-Processing-Time`: whole seconds, 0 for no bound.
 * @returns undefined when the header is absent
 * @throws AppError `invalid_argument` for anything that is no integer ≥ 0
 */
export function processingBoundSeconds(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !/^\d+$/.test(header))
    throw new AppError('invalid_argument', 'Max-Processing-Time must be an integer >= 0 (seconds; 0: no bound)');
  return Math.min(Number(header), processingBoundSecondsMax);
}
