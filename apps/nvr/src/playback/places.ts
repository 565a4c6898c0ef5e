import { AppError } from '@nightjar/runtime';

const retryAfterMs = 2_000;

/** So many may be busy at a time. Full: nobody waits, the next one is sent away. */
export class Places {
  private taken = 0;

  /** @param what they are busy with, as who is sent away reads it: "clips" */
  constructor(
    private readonly max: number,
    private readonly what: string,
  ) {}

  /** @returns gives the place back; further calls do nothing. @throws AppError `overloaded` when all are taken */
  take(): () => void {
    if (this.taken >= this.max) throw new AppError('overloaded', `too many ${this.what} are asked for at once`, { retryAfterMs });
    this.taken++;
    let isTaken = true;
    return () => {
      if (isTaken) this.taken--;
      isTaken = false;
    };
  }
}
