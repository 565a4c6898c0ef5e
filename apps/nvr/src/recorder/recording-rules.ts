/**
 * Whether a file ends before a key frame that has come: the group of pictures that begins with it would make the file longer
 * than wanted, if it is as long as the one before.
 */
export function isTimeToRotate(options: { fileMs: number; lastGroupMs: number; segmentMs: number }): boolean {
  const { fileMs, lastGroupMs, segmentMs } = options;
  return fileMs > 0 && fileMs + lastGroupMs > segmentMs;
}

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

/** Pause before the next attempt to reach a camera: 1, 2, 4 … 30 s, a quarter more or less so that not all come back at once. `random` is in [0, 1). */
export function reconnectPauseMs(failedAttempts: number, random: number): number {
  const pauseMs = Math.min(firstPauseMs * 2 ** Math.min(failedAttempts, 10), longestPauseMs);
  return Math.min(longestPauseMs, Math.round(pauseMs * (0.75 + random / 2)));
}
