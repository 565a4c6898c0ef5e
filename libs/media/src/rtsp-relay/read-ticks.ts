/**
 * Moments at which cameras are read, the same for all of them: packets of a network come one by one, and each would cost a wake-up here
 * and in the FFmpeg behind. All cameras at once cost little more than one.
 */
export class ReadTicks {
  private waiting = new Set<() => void>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly everyMs: number) {}

  /** Calls back at the next tick, once. `onTick` must not throw. */
  wait(onTick: () => void): void {
    this.waiting.add(onTick);
    this.timer ??= setTimeout(() => this.tick(), this.untilNextMs());
  }

  /** Takes back `wait`. */
  forget(onTick: () => void): void {
    this.waiting.delete(onTick);
  }

  /** On a grid, so that ticks of one length meet those of another. One that is nearly there is left out: nothing has come since the last. */
  private untilNextMs(): number {
    const { everyMs } = this;
    const untilGridMs = everyMs - (performance.now() % everyMs);
    return untilGridMs < everyMs / 4 ? untilGridMs + everyMs : untilGridMs;
  }

  private tick(): void {
    this.timer = undefined;
    const due = this.waiting;
    this.waiting = new Set();
    for (const onTick of due) onTick();
  }
}

/**
 * For who looks at the newest picture: it is later by 40 ms on average. The other ticks are among these, so that a recorder has one
 * beat.
 */
export const promptTicks = new ReadTicks(80);

/** For who keeps the stream: an FFmpeg that is woken a third as often takes less for the same packets. */
export const calmTicks = new ReadTicks(240);
