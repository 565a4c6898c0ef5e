/**
 * Hand-over between a source that never waits and a consumer that may be slow. Bound 1, newest wins: a late picture is
 * worthless to a live analysis. One consumer.
 */
export class NewestSlot<Item> {
  private item: Item | undefined;
  private droppedCount = 0;
  private wake: (() => void) | undefined;

  /** How many items were replaced before anybody took them. */
  get dropped(): number {
    return this.droppedCount;
  }

  offer(item: Item): void {
    if (this.item !== undefined) this.droppedCount++;
    this.item = item;
    this.wake?.();
  }

  /** Waits for the next item. @returns undefined when none came within `waitMs` or the signal aborted */
  async take(waitMs: number, signal: AbortSignal): Promise<Item | undefined> {
    if (this.item === undefined && !signal.aborted) await this.wait(waitMs, signal);
    const item = signal.aborted ? undefined : this.item;
    this.item = undefined;
    return item;
  }

  private wait(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(end, waitMs);
      signal.addEventListener('abort', end, { once: true });
      this.wake = end;
    });
  }
}
