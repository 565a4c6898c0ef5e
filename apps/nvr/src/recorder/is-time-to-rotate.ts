/**
 * Whether a file ends before a key frame that has come: the group of pictures that begins with it would make the file longer
 * than wanted, if it is as long as the one before.
 */
export function isTimeToRotate(options: { fileMs: number; lastGroupMs: number; segmentMs: number }): boolean {
  const { fileMs, lastGroupMs, segmentMs } = options;
  return fileMs > 0 && fileMs + lastGroupMs > segmentMs;
}
