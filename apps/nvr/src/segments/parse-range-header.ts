/** Bytes of a file, both ends included. */
export interface ByteRange {
  first: number;
  last: number;
}

/**
 * Reads a `Range` header (RFC 9110 §14.2) for a file of `sizeBytes`. Several ranges at once are answered with the whole file,
 * as the RFC allows.
 * @returns undefined: send the whole file
 */
export function parseRangeHeader(header: string | undefined, sizeBytes: number): ByteRange | 'unsatisfiable' | undefined {
  const [, firstText, lastText] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (firstText === undefined || lastText === undefined || (firstText === '' && lastText === '')) return undefined;
  if (firstText === '') {
    const suffixBytes = Math.min(Number(lastText), sizeBytes);
    return suffixBytes === 0 ? 'unsatisfiable' : { first: sizeBytes - suffixBytes, last: sizeBytes - 1 };
  }
  const first = Number(firstText);
  const last = lastText === '' ? sizeBytes - 1 : Math.min(Number(lastText), sizeBytes - 1);
  // "bytes=5-2" is no range at all, while "bytes=500-" of a shorter file is one that can't be had.
  if (lastText !== '' && Number(lastText) < first) return undefined;
  return first >= sizeBytes ? 'unsatisfiable' : { first, last };
}
