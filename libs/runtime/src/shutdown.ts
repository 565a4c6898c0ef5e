import type { Logger } from './logger.js';

interface Step {
  name: string;
  stop: (deadline: AbortSignal) => Promise<void> | void;
}

const deadlineMsDefault = 10_000;

/**
 * Ordered stop of a process: what was registered last stops first. Starts on SIGTERM, SIGINT, or when the launcher that
 * supervises this process goes away; ends the process with 0, or with 1 when the deadline passes.
 */
export class Shutdown {
  private readonly steps: Step[] = [];
  private running: Promise<void> | undefined;
  private readonly controller = new AbortController();

  constructor(private readonly options: { logger: Logger; deadlineMs?: number }) {}

  /** Aborts as soon as the stop begins: long-running loops end on it. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  register(name: string, stop: Step['stop']): void {
    this.steps.push({ name, stop });
  }

  /** Listens to signals; with `supervised` also to the end of the IPC channel to the launcher. */
  listen(options: { supervised: boolean }): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void this.exit(signal));
    if (options.supervised && process.channel) {
      process.once('disconnect', () => void this.exit('the launcher went away'));
      // The channel must not keep a finished process alive.
      process.channel.unref();
    }
  }

  /** Runs all steps once; later calls wait for the same run. */
  run(reason: string): Promise<void> {
    this.running ??= this.runSteps(reason);
    return this.running;
  }

  private async exit(reason: string): Promise<void> {
    const deadlineMs = this.options.deadlineMs ?? deadlineMsDefault;
    setTimeout(() => {
      this.options.logger.error('stop took too long', { deadlineMs });
      process.exit(1);
    }, deadlineMs + 500).unref();
    await this.run(reason);
    process.exit(0);
  }

  private async runSteps(reason: string): Promise<void> {
    const { logger, deadlineMs = deadlineMsDefault } = this.options;
    logger.info('stopping', { reason });
    this.controller.abort(new DOMException('the process stops', 'AbortError'));
    const deadline = AbortSignal.timeout(deadlineMs);
    for (const step of this.steps.reverse()) {
      try {
        await step.stop(deadline);
      } catch (error) {
        logger.error('a stop step failed', { step: step.name, error });
      }
    }
    logger.info('stopped');
  }
}
