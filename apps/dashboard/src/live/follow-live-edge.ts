/** How far behind the newest picture playing is meant to be: pieces of the video come in quarters of a second, not always in time. */
const aimSeconds = 0.6;
const fasterAboveSeconds = 1;
const jumpAboveSeconds = 1.5;
const faster = 1.1;

/** Where playing is and what there is to play, in seconds. */
interface Playback {
  position: number;
  /** Newest continuous stretch. */
  bufferedFrom: number;
  bufferedTo: number;
}

/** How to get to the live edge, or stay there: jump to a position, or play at a rate. */
export function followLiveEdge({ bufferedFrom, bufferedTo, position }: Playback): { jumpTo: number } | { rate: number } {
  const behindSeconds = bufferedTo - position;
  // In front of the stretch: something is missing in between, or nothing was played yet.
  if (position < bufferedFrom || behindSeconds > jumpAboveSeconds || behindSeconds < 0)
    return { jumpTo: Math.max(bufferedFrom, bufferedTo - aimSeconds) };
  return { rate: behindSeconds > fasterAboveSeconds ? faster : 1 };
}
