/**
 * Moments at which cameras are read, the same for all of them: packets of a network come one by one, and each would cost a wake-up here
 * and in the FFmpeg behind. All cameras at once cost little more than one.
 */
export class ReadTicks {
  /** Who waits for which tick, counted on the grid. */
  private readonly waiting = new Map<() => void, number>();
  private timer: NodeJS.Timeout | undefined;
  private timerTick = Infinity;

  constructor(private readonly everyMs: number) {}

  /**
   * Calls back at the next tick, once. `onTick` must not throw.
   * @param notBeforeMs of `performance.now()`: an earlier tick is passed over
   */
  wait(onTick: () => void, notBeforeMs = 0): void {
    const tick = Math.max(this.nextTick(), Math.ceil(notBeforeMs / this.everyMs));
    this.waiting.set(onTick, tick);
    this.setTimer(tick);
  }

  /** Takes back `wait`. */
  forget(onTick: () => void): void {
    this.waiting.delete(onTick);
  }

  /** On a grid, so that ticks of one length meet those of another. One that is nearly there is left out: nothing has come since the last. */
  private nextTick(): number {
    const passed = performance.now() / this.everyMs;
    const next = Math.floor(passed) + 1;
    return next - passed < 1 / 4 ? next + 1 : next;
  }

  private setTimer(tick: number): void {
    if (tick >= this.timerTick) return;
    clearTimeout(this.timer);
    this.timerTick = tick;
    this.timer = setTimeout(() => this.tick(), tick * this.everyMs - performance.now());
  }

  private tick(): void {
    const due = this.timerTick;
    this.timerTick = Infinity;
    const called = [...this.waiting].filter(([, tick]) => tick <= due);
    for (const [onTick] of called) this.waiting.delete(onTick);
    for (const [onTick] of called) onTick();
    for (const tick of this.waiting.values()) this.setTimer(tick);
  }
}

/**
 * For who looks at the newest picture: it is later by 40 ms on average. The other ticks are among these, so that a recorder has one
 * beat.
 */
export const promptTicks = new ReadTicks(80);

/** For who keeps the stream: an FFmpeg that is woken a third as often takes less for the same packets. */
export const calmTicks = new ReadTicks(240);
