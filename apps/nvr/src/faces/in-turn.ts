/**
 * Lets one of many go at a time. Whoever waits holds nothing: no connection of the pool, no page in memory. The bus lets only so
 * many calls in, so the line is bounded.
 */
export class InTurn {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when all before it are over, however they ended. @throws what `work` throws */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined); // its caller hears of it
    return turn;
  }
}
