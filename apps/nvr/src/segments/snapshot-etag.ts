/**
 * A file only grows while it is recorded, so its first n bytes are the same for ever: an ETag names segment and n. A player
 * that asks on with an older tag is answered from those n bytes, and never sees the file change under it.
 */
export function snapshotEtag(segmentId: number, sizeBytes: number): string {
  return `"${segmentId}-${sizeBytes}"`;
}

/**
 * The length that a caller's `If-Range` names, if that many bytes are there.
 * @returns undefined when it names something else: the range must be ignored
 */
export function snapshotSizeOf(etag: string, segment: { id: number; sizeBytes: number }): number | undefined {
  const [, id, size] = /^"(\d{1,15})-(\d{1,15})"$/.exec(etag) ?? [];
  return Number(id) === segment.id && Number(size) <= segment.sizeBytes && Number(size) > 0 ? Number(size) : undefined;
}
