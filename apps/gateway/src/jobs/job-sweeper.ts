import { pause, type Logger } from '@nightjar/runtime';
import type { JobLeases } from './job-leases.js';

/** Runs the sweep again and again until it is stopped; a Postgres that is away is reported once, not every time. */
export class JobSweeper {
  private readonly stopping = new AbortController();
  private readonly done: Promise<void>;

  constructor(private readonly options: { leases: JobLeases; everyMs: number; logger: Logger }) {
    this.done = this.run(this.stopping.signal);
  }

  /** Ends after the pass that runs. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.done;
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { leases, everyMs, logger } = this.options;
    let failing = false;
    while (!signal.aborted) {
      try {
        await leases.sweep();
        if (failing) logger.info('jobs are swept again');
        failing = false;
      } catch (error) {
        if (!failing) logger.error('jobs cannot be swept', { error });
        failing = true;
      }
      await pause(everyMs, signal);
    }
  }
}
