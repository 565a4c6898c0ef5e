/** Pictures may be shown in another order than they come: by this much at most. */
const reorderMsMax = 2_000;
/** Media that run ahead of their arrival by more than this have a clock that was set. */
const aheadMsMax = 2_000;
/** A pause that is longer was one, whatever the times say; a shorter one may be the pace at which we read. */
const pauseMsMin = 1_000;
/** Pictures in order after which a stream is believed to have none in another order … */
const inOrderMin = 100;
/** … and two that go back within this many show that it has some after all. */
const reorderedWithin = 16;

/**
 * Times of one medium that go on as time does, though the clock of the camera is set back or ahead while it sends: such a jump is taken
 * out, and with it out of all times that follow. What remains are the steps between neighbours, pictures in another order, real gaps, and
 * late arrival: who is late, the camera, the network or we, makes no jump.
 */
export class SteadyTimes {
  /** Ticks since the first time, jumps taken out: of the last time, and the latest of all. */
  private position = 0;
  private latest = 0;
  private shiftTicks = 0;
  private usualStep = 1;
  private cameAtMs: number | undefined;
  /** When time 0 would have come, by the quickest delivery so far. */
  private beganAtMs = Number.POSITIVE_INFINITY;
  /** Times one after the other that did not go back. */
  private inOrder = 0;
  /** What `inOrder` was when the stream seemed to be set back a little. */
  private setBackAt = Number.NEGATIVE_INFINITY;
  private reorders = false;
  private taken = 0;

  /** @param clockHz ticks a second */
  constructor(private readonly clockHz: number) {}

  /** Jumps that were taken out. */
  get jumps(): number {
    return this.taken;
  }

  /**
   * Takes the step from the time before to this one.
   * @param stepTicks by the camera; 0 for the first time, and for another packet of the same picture
   * @param nowMs when it came, on a clock that never jumps
   * @returns ticks to add to this time of the camera's
   */
  take(stepTicks: number, nowMs: number): number {
    const cameAtMs = this.cameAtMs ?? nowMs;
    this.cameAtMs = nowMs;
    if (stepTicks !== 0) this.move(stepTicks, { nowMs, waitedMs: nowMs - cameAtMs });
    this.beganAtMs = Math.min(this.beganAtMs, nowMs - this.msOf(this.position));
    return this.shiftTicks;
  }

  private move(stepTicks: number, { nowMs, waitedMs }: { nowMs: number; waitedMs: number }): void {
    const to = this.position + stepTicks;
    const ahead = to - this.latest;
    const isJump = ahead < 0 ? this.isSetBack(ahead) : this.isSetAhead(ahead, { nowMs, waitedMs });
    if (isJump) {
      // How long it really was, nobody tells: as long as the step before, or as long as nothing came.
      const step = waitedMs > pauseMsMin ? Math.round((waitedMs * this.clockHz) / 1_000) : this.usualStep;
      this.position = this.latest + step;
      this.shiftTicks += this.position - to;
      this.taken++;
    } else {
      this.position = to;
      if (ahead > 0) this.usualStep = ahead;
    }
    this.inOrder = ahead < 0 && !isJump ? 0 : this.inOrder + 1;
    this.latest = Math.max(this.latest, this.position);
  }

  private isSetBack(ahead: number): boolean {
    if (this.msOf(-ahead) > reorderMsMax) return true;
    this.reorders ||= this.inOrder < inOrderMin || this.inOrder - this.setBackAt < reorderedWithin;
    this.setBackAt = this.inOrder;
    return !this.reorders;
  }

  /** A step that nobody waited for is one of a clock, unless the stream is late and catches up with it: then pictures are missing. */
  private isSetAhead(ahead: number, { nowMs, waitedMs }: { nowMs: number; waitedMs: number }): boolean {
    const allowedMs = waitedMs + Math.max(aheadMsMax, 2 * this.msOf(this.usualStep));
    const comesEarlyMs = this.msOf(this.latest + ahead) - (nowMs - this.beganAtMs);
    return this.msOf(ahead) > allowedMs && comesEarlyMs > aheadMsMax;
  }

  private msOf(ticks: number): number {
    return (ticks * 1_000) / this.clockHz;
  }
}
