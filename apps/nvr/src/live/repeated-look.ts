import type { Logger } from '@nightjar/runtime';

/** Recorders and the machine's watch write every few seconds: telling of it may take a moment. */
const lookEveryMs = 2_000;

/** Looks every other second, one look at a time; one that fails is said, and there is a next. */
export class RepeatedLook {
  private looking: Promise<void> | undefined;
  private readonly timer = setInterval(() => this.begin(), lookEveryMs);

  /**
   * @param options.isWanted asked each time: nobody may be listening
   * @param options.what is looked at, in the plural
   */
  constructor(private readonly options: { look: () => Promise<void>; isWanted: () => boolean; what: string; logger: Logger }) {}

  /** No further look begins; the one that has begun is over when this returns. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  private begin(): void {
    const { isWanted, logger, look, what } = this.options;
    if (this.looking || !isWanted()) return;
    this.looking = look()
      .catch((error: unknown) => logger.warn(`${what} cannot be read, it is tried again`, { error }))
      .finally(() => (this.looking = undefined));
  }
}
