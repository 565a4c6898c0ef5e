/**
 * Whether `If-None-Match` names this tag, one of a list or with `*` any (RFC 9110 §13.1.2): the caller has these bytes, and 304 says so.
 * Compared weakly, as the RFC asks: who puts a `W/` before a tag of ours, a proxy that compresses, means the same bytes.
 */
export function namesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.trim() === '*' || [...ifNoneMatch.matchAll(/"[^"]*"/g)].some(([tag]) => tag === etag);
}
