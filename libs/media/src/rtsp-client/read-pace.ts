/** A camera is left alone until so much has come: half of what is read at a time. */
const bytesAtOnce = 32 * 1024;
/** However much it sends, it is left alone for this long; what it sends meanwhile waits in the buffers of both systems. */
const pauseMsMin = 240;
/** However little it sends: sizes that tell of motion need up to 600 ms, and the camera is to be awake within a second. */
const pauseMsMax = 320;
/** While its pictures are looked at, the next one ends the pause. */
const duePauseMsMax = 640;
/** Share of the newest pause in what is usual. */
const newestWeight = 0.25;

/**
 * Says when a camera is read next. Each read wakes this process, and a wake-up costs more than the packets of a small stream: so it is
 * read when the unit of the next picture is there, and in between only as often as its bytes need it.
 */
export class ReadPace {
  private bytes = 0;
  /** Undefined before the first pause. */
  private bytesPerMs: number | undefined;
  private pacedAtMs: number | undefined;

  /** So much was read. */
  took(bytes: number): void {
    this.bytes += bytes;
  }

  /**
   * All that was there is read.
   * @param dueMs when the unit of the next picture comes; Infinity: no picture is wanted
   * @returns when to read on
   */
  next(nowMs: number, dueMs: number): number {
    this.measure(nowMs);
    const longestMs = dueMs === Infinity ? pauseMsMax : duePauseMsMax;
    const pauseMs = this.bytesPerMs === undefined ? pauseMsMin : bytesAtOnce / this.bytesPerMs;
    return Math.min(dueMs, nowMs + Math.min(longestMs, Math.max(pauseMsMin, pauseMs)));
  }

  private measure(nowMs: number): void {
    const elapsedMs = nowMs - (this.pacedAtMs ?? nowMs);
    if (elapsedMs > 0) {
      const newest = this.bytes / elapsedMs;
      const usual = this.bytesPerMs ?? newest;
      this.bytesPerMs = usual + (newest - usual) * newestWeight;
    }
    this.pacedAtMs = nowMs;
    this.bytes = 0;
  }
}
