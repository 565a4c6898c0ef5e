/**
 * Knows beforehand of which units FFmpeg's filter makes pictures, so that units can wait for the one with the next picture: a process
 * that is woken for each of 15 units a second spends more on waking than on decoding.
 */
export class PictureSchedule {
  /** FFmpeg's expression for a frame that is taken (filter `select`). A clock that jumps back begins anew. */
  readonly expression: string;
  private readonly stepTicks: number;
  /** Of the unit that makes, or made, the newest picture. */
  private newestTick: number | undefined;
  private units = 0;
  /** Of the pictures that are due: the number of the last unit that is needed. As many as `unitsBehind` and one more. */
  private readonly awaited: number[] = [];

  /**
   * @param options.unitsBehind so many units follow a unit before its picture comes out
   */
  constructor(private readonly options: { picturesPerSecond: number; ticksPerSecond: number; unitsBehind: number }) {
    const { picturesPerSecond, ticksPerSecond } = options;
    const stepSeconds = Math.max(0, 1 / picturesPerSecond - earlySeconds);
    this.stepTicks = Math.round(stepSeconds * ticksPerSecond);
    // FFmpeg counts in seconds, where a difference that is exactly one step may come out as a little less.
    const filterSeconds = Math.max(0, stepSeconds - roundingSeconds).toFixed(4);
    this.expression = `isnan(prev_selected_t)+gte(t-prev_selected_t,${filterSeconds})+lt(t,prev_selected_t-${backSeconds})`;
  }

  /** Takes the next unit. @returns whether a picture comes out with it, and with nothing before it */
  take(tick: number): boolean {
    this.units++;
    if (this.isDue(tick)) {
      this.newestTick = tick;
      this.awaited.push(this.units + this.options.unitsBehind);
    }
    if ((this.awaited[0] ?? Infinity) > this.units) return false;
    this.awaited.shift();
    return true;
  }

  /** A picture came out: after units that can't be decoded FFmpeg took another one than was due. */
  saw(tick: number): void {
    this.newestTick = tick;
  }

  /** From which tick on a unit makes the next picture; undefined: any does, or what is awaited has not come yet. */
  get nextTick(): number | undefined {
    return this.newestTick === undefined || this.awaited.length > 0 ? undefined : this.newestTick + this.stepTicks;
  }

  private isDue(tick: number): boolean {
    const { newestTick } = this;
    if (newestTick === undefined || tick >= newestTick + this.stepTicks) return true;
    return tick < newestTick - backSeconds * this.options.ticksPerSecond;
  }
}

/** The frame nearest to the moment may come a little early. */
const earlySeconds = 0.02;
const roundingSeconds = 0.0005;
const backSeconds = 1;
