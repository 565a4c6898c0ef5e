const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

/** A connection to a camera that lasted this long was a good one: the next pause is the first again. */
export const goodConnectionMs = 10_000;

/**
 * Pause before the next attempt to reach a camera: 1, 2, 4 … 30 s, a quarter more or less so that cameras behind one failed
 * switch do not come back together.
 * @param failedAttempts since the last good connection
 * @param random in [0, 1)
 */
export function reconnectPauseMs(failedAttempts: number, random: number): number {
  const pauseMs = Math.min(firstPauseMs * 2 ** Math.min(failedAttempts, 10), longestPauseMs);
  return Math.min(longestPauseMs, Math.round(pauseMs * (0.75 + random / 2)));
}
