/** Into so many parts a wait is cut. */
const partsOfWait = 10;

/**
 * A wait for the other side of a connection that counts its silence and not ours: a process that was busy or got no CPU counts one part
 * of the wait, however long it was away, and before it gives up it reads what has come meanwhile. Over after at least `waitMs`, and a
 * tenth more at most where nobody holds this process up.
 */
export class Patience {
  private readonly timer: NodeJS.Timeout;
  private parts = 0;
  private isHeld = false;
  private isOver = false;

  /** @param onOver called once, unless `end` was before */
  constructor(
    waitMs: number,
    private readonly onOver: () => void,
  ) {
    this.timer = setInterval(() => this.count(), waitMs / partsOfWait);
  }

  /** The other side gave a sign: the wait begins anew. */
  refresh(): void {
    this.parts = 0;
  }

  /** While this is true it is not the other side that is waited for. */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    this.parts = 0;
  }

  /** Nothing is waited for any more. Safe to call twice. */
  end(): void {
    this.isOver = true;
    clearInterval(this.timer);
  }

  private count(): void {
    // The first part had begun before the last sign of life.
    if (this.isHeld || ++this.parts <= partsOfWait) return;
    // Timers come before sockets are read, immediates after.
    setImmediate(() => {
      if (this.isOver || this.isHeld || this.parts <= partsOfWait) return;
      this.end();
      this.onOver();
    });
  }
}
