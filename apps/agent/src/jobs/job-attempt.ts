import { beatJob, finishJob, putOutcomePart, type JobError, type JobOutcome, type Work } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { AppError, pause, sleep, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import { cutOutcome } from './cut-outcome.js';

/** How far a job is, as its next beat tells the gateway. */
export interface JobProgress {
  /** 0..1. */
  value: number;
  /** At most 64 characters. */
  stage: string;
}

/** Does the work of one leased job. Must end soon after the signal aborts; throws AppError, with `details.jobCode` where the client reads a code of its own. */
export type RunWork = (work: Work, progress: JobProgress, signal: AbortSignal) => Promise<JobOutcome>;

export interface JobAttemptParts {
  bus: Bus;
  runWork: RunWork;
  clock: Clock;
  logger: Logger;
}

/** Why an attempt stops before its work is done. `shutdown`: the job goes back. The others: the gateway ends it, or has given it to somebody else. */
type StopReason = 'shutdown' | 'cancel' | 'late' | 'lost';

const requestTimeoutMs = 3_000;
/** The first beat tells how far the work is, not that it has begun, which its claim has told: short jobs need none. */
const firstBeatMs = 1_000;
/** The gateway puts the pieces together and compares faces before it answers. */
const assemblyTimeoutMs = 20_000;
/** Node runs a longer timer at once. */
const longestTimerMs = 2 ** 31 - 1;
const pauseAfterFailureMs = 500;

/**
 * One attempt at one leased job: does the work, beats each third of the lease, delivers the outcome. When the gateway says
 * cancel, late or lost, or was not reached until the lease was over, everything stops at once and nothing is delivered: the
 * fencing token would be refused anyway.
 */
export class JobAttempt {
  private readonly progress: JobProgress = { value: 0, stage: 'starting' };
  private readonly stopping = new AbortController();
  private readonly over = new AbortController();
  private leaseEndsAtMs: number;
  private stopReason: StopReason | undefined;
  private next: Work | null | undefined;

  constructor(
    private readonly work: Work,
    private readonly parts: JobAttemptParts,
    /** Agent that has room for the next job once this one is delivered. */
    private readonly nextFor?: string,
  ) {
    this.leaseEndsAtMs = parts.clock.monotonicMs() + work.lease_ms;
  }

  get jobId(): string {
    return this.work.job_id;
  }

  /** Asks the gateway now what it thinks of this attempt. */
  async beatNow(): Promise<void> {
    await this.beat();
  }

  /** Ends the work at once. The first reason counts. */
  stop(reason: StopReason): void {
    this.stopReason ??= reason;
    this.stopping.abort(new AppError('cancelled', `the job stops: ${this.stopReason}`));
  }

  /** @returns the next job, which the gateway leased when it took the outcome; null: none waits, undefined: it was not asked, or did not say */
  async run(): Promise<Work | null | undefined> {
    const { logger } = this.parts;
    const fields = { jobId: this.work.job_id, attempt: this.work.attempt };
    logger.info('job taken', fields);
    const beats = this.beatUntilOver();
    const bound = this.startBound();
    try {
      const outcome = await this.doWork();
      if (outcome === undefined) logger.info('job dropped', { ...fields, reason: this.stopReason });
      else logger.info('job delivered', { ...fields, state: outcome.state, accepted: await this.deliver(outcome) });
    } finally {
      clearTimeout(bound);
      this.over.abort(new AppError('cancelled', 'the attempt is over'));
      await beats;
    }
    return this.next;
  }

  /** Over the job's processing bound the work stops at once; the beat lets the gateway end the job now, not with the next one. */
  private startBound(): NodeJS.Timeout | undefined {
    const { processing_ms_left: leftMs } = this.work;
    if (leftMs == null) return undefined;
    return setTimeout(
      () => {
        this.stop('late');
        void this.beat();
      },
      Math.min(leftMs, longestTimerMs),
    );
  }

  /** @returns undefined when nobody waits for an outcome */
  private async doWork(): Promise<JobOutcome | undefined> {
    try {
      return await this.parts.runWork(this.work, this.progress, this.stopping.signal);
    } catch (thrown) {
      if (this.stopReason === 'shutdown') return { state: 'returned', reason: 'the agent stops' };
      if (this.stopReason !== undefined) return undefined;
      const error = toAppError(thrown);
      if (error.code === 'internal') this.parts.logger.error('a job failed', { jobId: this.work.job_id, error });
      return { state: 'failed', error: describeFailure(error) };
    }
  }

  private async beatUntilOver(): Promise<void> {
    const everyMs = this.work.lease_ms / 3;
    await pause(Math.min(everyMs, firstBeatMs), this.over.signal);
    while (!this.over.signal.aborted) {
      if (this.parts.clock.monotonicMs() >= this.leaseEndsAtMs) return this.stop('lost');
      const beaten = await this.beat();
      await pause(beaten ? everyMs : pauseAfterFailureMs, this.over.signal);
    }
  }

  /** @returns false when the gateway was not reached */
  private async beat(): Promise<boolean> {
    const sentAtMs = this.parts.clock.monotonicMs();
    const { job_id, lease, lease_ms } = this.work;
    try {
      const { verdict } = await this.parts.bus.request(
        beatJob,
        { job_id, lease, progress: this.progress.value, stage: this.progress.stage },
        { timeoutMs: requestTimeoutMs, signal: this.over.signal },
      );
      if (verdict === 'continue') this.leaseEndsAtMs = sentAtMs + lease_ms;
      else this.stop(verdict);
      return true;
    } catch (error) {
      if (!this.over.signal.aborted) this.parts.logger.warn('a beat was not heard', { jobId: job_id, error });
      return false;
    }
  }

  /** @returns whether the gateway took the outcome; false also when the lease was over before it was heard */
  private async deliver(outcome: JobOutcome): Promise<boolean> {
    try {
      if (outcome.state !== 'finished') return await this.sendOutcome(outcome);
      const pieces = cutOutcome(outcome);
      if (pieces === undefined) return await this.sendOutcome(outcome);
      for (const [part, text] of pieces.entries()) if (!(await this.sendPart(part, text))) return false;
      return await this.sendOutcome({ state: 'finished_in_parts', parts: pieces.length });
    } catch (thrown) {
      const { code, message } = toAppError(thrown);
      this.parts.logger.error('an outcome was refused', { jobId: this.work.job_id, error: thrown });
      return this.sendOutcome({ state: 'failed', error: { code: 'result_not_delivered', message: `${code}: ${message}` } });
    }
  }

  private sendPart(part: number, text: string): Promise<boolean> {
    const { job_id, lease } = this.work;
    return this.insist(() => this.parts.bus.request(putOutcomePart, { job_id, lease, part, text }, { timeoutMs: requestTimeoutMs }));
  }

  private sendOutcome(outcome: JobOutcome): Promise<boolean> {
    const { job_id, lease } = this.work;
    const timeoutMs = outcome.state === 'finished_in_parts' ? assemblyTimeoutMs : requestTimeoutMs;
    return this.insist(async () => {
      const next_for = this.stopReason === undefined ? this.nextFor : undefined;
      const answer = await this.parts.bus.request(finishJob, { job_id, lease, outcome, next_for }, { timeoutMs });
      this.next = answer.next;
      return answer;
    });
  }

  /**
   * Repeats a call until it is heard or the lease is over; beats go on meanwhile and keep the lease.
   * @throws AppError that no repetition would change
   */
  private async insist(call: () => Promise<{ accepted: boolean }>): Promise<boolean> {
    while (this.parts.clock.monotonicMs() < this.leaseEndsAtMs) {
      try {
        return (await call()).accepted;
      } catch (thrown) {
        const error = toAppError(thrown);
        if (!error.retryable) throw error;
        this.parts.logger.warn('an outcome was not heard', { jobId: this.work.job_id, error });
        await sleep(pauseAfterFailureMs);
      }
    }
    return false;
  }
}

function describeFailure(error: AppError): JobError {
  const jobCode = error.details?.jobCode;
  return { code: typeof jobCode === 'string' ? jobCode : error.code, message: error.message };
}
