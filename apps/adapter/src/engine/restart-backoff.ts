/** The first restart is at once: most deaths are single ones. Then the waits grow, and the last one stays. */
const delaysMs = [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000] as const;
/** A process that lived this long has recovered. */
const healthyAfterMs = 60_000;

/** How long to wait before a process that died is started again. */
export class RestartBackoff {
  private failures = 0;

  /** @param upMs how long the process lived */
  nextDelayMs(upMs: number): number {
    if (upMs >= healthyAfterMs) this.failures = 0;
    const delayMs = delaysMs[Math.min(this.failures, delaysMs.length - 1)]!;
    this.failures++;
    return delayMs;
  }
}
