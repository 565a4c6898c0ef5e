/** Browsers decode only so many videos at once; beyond, newest pictures do. */
export const playingMax = 16;

/**
 * Which cameras of a wall play video: those that somebody sees, in the order they stand in.
 * @param seen ids of the cameras whose tiles are in sight
 */
export function choosePlaying(cameraIds: readonly number[], seen: ReadonlySet<number>): ReadonlySet<number> {
  return new Set(cameraIds.filter((id) => seen.has(id)).slice(0, playingMax));
}
