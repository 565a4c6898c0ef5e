/** Whether the sizes of a camera's units tell motion from quiet. */
export type Separation =
  /** Too little of the quiet scene was seen. */
  | 'learning'
  /** Quiet is known, but nothing has moved yet. Jumps are believed. */
  | 'untested'
  | 'separates'
  /** Things moved without a jump, or jumps came without motion: not believed until they are right again. */
  | 'no separation';

/** Units whose sizes are averaged: less than a third of a second. */
const averaged = 4;
/** Jumps in a row that make one: a single large unit is a hiccup of the encoder. */
const inARowMin = 2;
const quietSamplesMin = 16;
/** Samples that are kept of the quiet scene: about two minutes at 10 units a second. */
const quietSamplesMax = 256;
/** Samples whose meaning no picture has told yet. Full: the oldest go. */
const pendingMax = 64;
/** A jump is larger than this many median deviations of the quiet scene… */
const deviationsMin = 6;
const deviationsMax = 16;
/** …and than this, in powers of two: sizes half as large again. */
const jumpMin = 0.5;
/** So long before or after a picture that shows the beginning of motion, the units that bring it count as telling it. */
const withinMs = 1_500;
const outcomesKept = 8;
/** Jumps without motion that are borne in an hour; beyond them jumps are not believed until the hour is over. */
const falseJumpsMax = 5;
const hourMs = 3_600_000;

/**
 * Watches the sizes of units that nobody decodes. What moves makes the units between key frames larger, on a camera with a variable
 * bit rate by far; on one with a generous constant rate not at all. What is usual is learned from units around pictures that
 * showed nothing, and every picture that shows motion says whether the sizes would have told it.
 */
export class UnitWatcher {
  private readonly window: number[] = [];
  private readonly quiet: number[] = [];
  private pending: number[] = [];
  /** Of the last times that motion began: whether the sizes told it. */
  private readonly outcomes: boolean[] = [];
  private falseJumpsAtMs: number[] = [];
  private unitsSinceSample = 0;
  private inARow = 0;
  private deviations = deviationsMin;
  private jumpedAtMs = Number.NEGATIVE_INFINITY;
  private openJump = false;
  private wasMoving = false;
  /** When motion began whose sizes are still to be looked at. */
  private beganAtMs: number | undefined;
  private baseline = { median: 0, deviation: 0 };
  private quietSeen = 0;

  get separation(): Separation {
    if (this.quietSeen < quietSamplesMin) return 'learning';
    if (this.falseJumpsAtMs.length >= falseJumpsMax) return 'no separation';
    const { outcomes } = this;
    if (outcomes.length === 0) return 'untested';
    const hits = outcomes.filter(Boolean).length;
    return hits * 2 >= outcomes.length ? 'separates' : 'no separation';
  }

  /** Log2 of bytes: what is usual, and from where on it is a jump. For people who want to know why. */
  get levels(): { usual: number; jump: number } {
    return { usual: this.baseline.median, jump: this.threshold };
  }

  /** Takes the next unit. @returns true when the sizes say that something moves, and are to be believed */
  observe(unit: { bytes: number; isKey: boolean }, nowMs: number): boolean {
    this.judgeBeginning(nowMs);
    if (unit.isKey) return false;
    this.window.push(Math.log2(Math.max(1, unit.bytes)));
    if (this.window.length > averaged) this.window.shift();
    if (this.window.length < averaged) return false;
    const signal = this.window.reduce((sum, size) => sum + size, 0) / averaged;
    if (++this.unitsSinceSample >= averaged) {
      this.unitsSinceSample = 0;
      this.pending.push(signal);
      if (this.pending.length > pendingMax) this.pending.shift();
    }
    this.inARow = this.quietSeen >= quietSamplesMin && signal > this.threshold ? this.inARow + 1 : 0;
    if (this.inARow < inARowMin) return false;
    this.falseJumpsAtMs = this.falseJumpsAtMs.filter((atMs) => nowMs - atMs < hourMs);
    this.jumpedAtMs = nowMs;
    const { separation } = this;
    if (separation === 'no separation') return false;
    this.openJump = true;
    return true;
  }

  /** A decoded picture showed motion. */
  sawMotion(nowMs: number): void {
    this.pending = [];
    this.openJump = false;
    if (!this.wasMoving && this.quietSeen >= quietSamplesMin) this.beganAtMs ??= nowMs;
    this.wasMoving = true;
  }

  /** Decoded pictures show nothing: the units since the last one were quiet ones. */
  sawQuiet(nowMs: number): void {
    this.wasMoving = false;
    // Right after a jump the picture may be older than what made it.
    if (nowMs - this.jumpedAtMs < withinMs) return;
    for (const sample of this.pending) this.learn(sample);
    this.pending = [];
  }

  /** It was woken by a jump, and in all that was decoded since nothing moved. */
  sawFalseJump(nowMs: number): void {
    if (!this.openJump) return;
    this.openJump = false;
    this.falseJumpsAtMs.push(nowMs);
    this.deviations = Math.min(deviationsMax, this.deviations * 1.3);
    // The scene may have changed for good (dusk, rain): what came since is what is usual now.
    this.quiet.length = 0;
    for (const sample of this.pending) this.learn(sample);
    this.pending = [];
  }

  /** What came since says nothing: the light changed, or the camera was gone. */
  skip(): void {
    this.pending = [];
    this.window.length = 0;
    this.inARow = 0;
    this.beganAtMs = undefined;
  }

  /** A key frame may show motion before the sizes of the units behind it can: what they said is looked at a little later. */
  private judgeBeginning(nowMs: number): void {
    const { beganAtMs } = this;
    if (beganAtMs === undefined || nowMs - beganAtMs < withinMs) return;
    this.beganAtMs = undefined;
    const told = this.jumpedAtMs >= beganAtMs - withinMs;
    this.outcomes.push(told);
    if (this.outcomes.length > outcomesKept) this.outcomes.shift();
    if (told) this.deviations = Math.max(deviationsMin, this.deviations / 1.15);
  }

  private get threshold(): number {
    return this.baseline.median + Math.max(jumpMin, this.deviations * this.baseline.deviation);
  }

  private learn(sample: number): void {
    this.quietSeen++;
    this.quiet.push(sample);
    if (this.quiet.length > quietSamplesMax) this.quiet.shift();
    // Sorting 256 numbers takes a few µs, here every second or so.
    if (this.quietSeen % 4 !== 0) return;
    const median = medianOf(this.quiet);
    this.baseline = { median, deviation: medianOf(this.quiet.map((value) => Math.abs(value - median))) };
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
