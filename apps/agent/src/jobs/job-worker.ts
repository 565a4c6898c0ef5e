import { claimJob, type Work } from '@nightjar/contracts';
import { AppError, pause } from '@nightjar/runtime';
import { JobAttempt, type JobAttemptParts } from './job-attempt.js';

interface JobWorkerOptions extends JobAttemptParts {
  agentId: string;
  /** Jobs at a time. */
  slots: number;
}

const pollMs = 2_000;
const claimTimeoutMs = 3_000;

/**
 * Takes jobs from the gateway, as many at a time as it has slots. A slot that delivers a job hears of the next one in the same answer; one
 * that is free asks when the doorbell rings, and every two seconds.
 */
export class JobWorker {
  private readonly stopping = new AbortController();
  private readonly loops: Promise<void>[] = [];
  private readonly attempts = new Set<JobAttempt>();
  private readonly sleepers = new Set<() => void>();
  /** Rings that woke nobody: a slot that asked before such a ring may have asked too early. */
  private ringsMissed = 0;

  constructor(private readonly options: JobWorkerOptions) {}

  get slotsBusy(): number {
    return this.attempts.size;
  }

  start(): void {
    for (let slot = 0; slot < this.options.slots; slot++) this.loops.push(this.loop());
  }

  /** A job was queued: the slot that has waited longest asks at once. One job is one nudge, so that more slots would ask in vain. */
  ring(): void {
    const [wake] = this.sleepers;
    if (!wake) {
      this.ringsMissed++;
      return;
    }
    this.sleepers.delete(wake);
    wake();
  }

  /** Somebody wants the job cancelled: its attempt hears it at once instead of with its next beat. */
  async checkJob(jobId: string): Promise<void> {
    for (const attempt of this.attempts) if (attempt.jobId === jobId) await attempt.beatNow();
  }

  /** Takes no more, gives back what runs. */
  async stop(): Promise<void> {
    this.stopping.abort(new AppError('cancelled', 'the agent stops'));
    for (const attempt of this.attempts) attempt.stop('shutdown');
    for (const wake of this.sleepers) wake();
    await Promise.all(this.loops);
  }

  private async loop(): Promise<void> {
    // Fails when this worker is stopped before there was a bus.
    await this.options.bus.ready(this.stopping.signal).catch(() => undefined);
    let next: Work | null | undefined;
    while (!this.stopping.signal.aborted || next) {
      const missedBefore = this.ringsMissed;
      if (next) next = await this.attempt(next);
      else next = await this.claim();
      if (next !== null) continue;
      if (missedBefore === this.ringsMissed) await this.waitForDoorbell();
      next = undefined;
    }
  }

  private async claim(): Promise<Work | null> {
    const { bus, agentId, logger } = this.options;
    try {
      // Not cancelled on shutdown: a job leased to an answer that nobody reads would wait for its lease.
      return (await bus.request(claimJob, { agent_id: agentId }, { timeoutMs: claimTimeoutMs })).work;
    } catch (error) {
      const away = error instanceof AppError && error.retryable;
      if (!away) logger.warn('no job could be claimed', { error });
      return null;
    }
  }

  private async attempt(work: Work): Promise<Work | null | undefined> {
    const attempt = new JobAttempt(work, this.options, this.options.agentId);
    this.attempts.add(attempt);
    if (this.stopping.signal.aborted) attempt.stop('shutdown');
    try {
      return await attempt.run();
    } catch (error) {
      // Its lease runs out; the slot goes on.
      this.options.logger.error('an attempt broke off', { jobId: work.job_id, error });
      return undefined;
    } finally {
      this.attempts.delete(attempt);
    }
  }

  private async waitForDoorbell(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    const doorbell = new AbortController();
    const wake = () => doorbell.abort();
    this.sleepers.add(wake);
    await pause(pollMs, doorbell.signal);
    this.sleepers.delete(wake);
  }
}
