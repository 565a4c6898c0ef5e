/** Pause after a look that brought something new. */
const newsPauseSeconds = 1;
const longestPauseSeconds = 8;

/**
 * Decides which pictures of a video get an expensive look, so that most of what is to be seen is seen while a long quiet shot
 * costs little: at the first picture of each scene, then after pauses that double up to 8 s, and a second after a look
 * that brought something new. Over a whole video there are never more than `looksMax` looks, evenly spread.
 */
export class LookSchedule {
  private readonly spacingSeconds: number;
  private pauseSeconds: number;
  private isAwake = false;
  private last: { atSeconds: number; scene: number } | undefined;

  /** @param options.firstPauseSeconds pause after the first look at a scene */
  constructor(private readonly options: { looksMax: number; durationSeconds: number; firstPauseSeconds: number }) {
    this.spacingSeconds = options.durationSeconds / options.looksMax;
    this.pauseSeconds = options.firstPauseSeconds;
  }

  /** Asked in the order of the video. @param scene a number that changes where the picture becomes another one */
  isDue(atSeconds: number, scene: number): boolean {
    if (!this.last) return true;
    const sinceSeconds = atSeconds - this.last.atSeconds;
    if (sinceSeconds < this.spacingSeconds) return false;
    return this.isAwake || scene !== this.last.scene || sinceSeconds >= this.pauseSeconds;
  }

  /** A look is taken. */
  take(atSeconds: number, scene: number): void {
    const sameScene = this.last?.scene === scene;
    this.pauseSeconds = sameScene ? Math.min(2 * this.pauseSeconds, longestPauseSeconds) : this.options.firstPauseSeconds;
    this.last = { atSeconds, scene };
    this.isAwake = false;
  }

  /** The next look comes as soon as somebody asks. */
  wake(): void {
    this.isAwake = true;
  }

  /** There was, or there is, something new: the next look comes a second after the last. */
  hasNews(): void {
    this.pauseSeconds = newsPauseSeconds;
  }
}
