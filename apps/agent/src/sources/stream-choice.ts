/** `sub` is the smaller stream of a camera that has two; a camera with one has `main`. */
export type CameraStream = 'main' | 'sub';

interface StreamChoiceOptions {
  /** What is analysed: the substream of a camera that has one. Holds credentials: never log it. */
  url: string;
  /** The larger stream of the same camera, where `url` is its substream; else null. */
  mainUrl: string | null;
}

/** Connections to a substream that end one after the other without a picture, before the main stream is taken. */
const failuresMax = 3;
/** A substream that failed is tried again after this, and twice as long after each further failure up to two hours. */
const retryAfterMsMin = 10 * 60_000;
const retryAfterMsMax = 2 * 3_600_000;
/** A person who fills a third of this has some 80 pixels: smaller pictures show too little. */
const shortSideMin = 240;

/**
 * Which stream of a camera is analysed: its substream, as long as that gives pictures that are large enough, else its main stream.
 * Where neither gives any, it is the camera that is away, and both are tried in turn.
 */
export class StreamChoice {
  private chosen: CameraStream;
  private because: string | null = null;
  private failures = 0;
  private isTooSmall = false;
  /** Until then small pictures are better than none: the main stream gave none. */
  private takesSmallUntilMs = Number.NEGATIVE_INFINITY;
  private retryAtMs = Number.POSITIVE_INFINITY;
  private retryAfterMs = retryAfterMsMin;

  constructor(private readonly options: StreamChoiceOptions) {
    this.chosen = options.mainUrl === null ? 'main' : 'sub';
  }

  get stream(): CameraStream {
    return this.chosen;
  }

  get url(): string {
    const { mainUrl, url } = this.options;
    return this.chosen === 'main' && mainUrl !== null ? mainUrl : url;
  }

  /** Why the main stream is analysed of a camera that has a substream; null: it is not. */
  get mainBecause(): string | null {
    return this.because;
  }

  /** Pictures of this size come. @returns whether the other stream is to be taken from now on */
  saw(picture: { width: number; height: number }, nowMs: number): boolean {
    this.failures = 0;
    if (this.chosen !== 'sub') return false;
    this.retryAfterMs = retryAfterMsMin;
    if (Math.min(picture.width, picture.height) >= shortSideMin || nowMs < this.takesSmallUntilMs) return false;
    this.isTooSmall = true;
    this.takeMain(`the pictures of the substream are too small (${picture.width} × ${picture.height})`, Number.POSITIVE_INFINITY);
    return true;
  }

  /** A connection gave no picture, and why. */
  failed(reason: string, nowMs: number): void {
    if (this.options.mainUrl === null) return;
    if (this.chosen === 'main') {
      this.takesSmallUntilMs = nowMs + retryAfterMsMin;
      this.takeSub(this.isTooSmall ? 0 : failuresMax - 1);
      return;
    }
    if (++this.failures < failuresMax) return;
    this.takeMain(`the substream fails: ${reason}`, nowMs + this.retryAfterMs);
    this.retryAfterMs = Math.min(retryAfterMsMax, this.retryAfterMs * 2);
  }

  /** Whether it is time to try a substream that failed. @returns whether the other stream is to be taken from now on */
  retry(nowMs: number): boolean {
    if (this.chosen !== 'main' || nowMs < this.retryAtMs) return false;
    this.takeSub(failuresMax - 1);
    return true;
  }

  private takeMain(because: string, retryAtMs: number): void {
    this.chosen = 'main';
    this.because = because;
    this.retryAtMs = retryAtMs;
    this.failures = 0;
  }

  /** @param failures that count against it already */
  private takeSub(failures: number): void {
    this.chosen = 'sub';
    this.because = null;
    this.failures = failures;
  }
}
