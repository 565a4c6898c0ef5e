import { jobQueued, type JobOutcome, type Work } from '@nightjar/contracts';
import { Prisma, type JobsDatabase } from '@nightjar/database';
import type { Bus } from '@nightjar/messaging';
import { AppError, type Logger } from '@nightjar/runtime';
import type { MediaStore } from '../uploads/media-store.js';
import { isInAttempt, renewLease, type Attempt } from './beat-job.js';
import { claimWork } from './claim-job.js';
import { endJobs, isLate, type JobEnding } from './end-jobs.js';
import { jobErrors } from './job-error.js';
import { mediaTypeOf } from './job-id.js';
import { returnToQueue } from './return-job.js';
import { sweepJobs, type SweepResult } from './sweep-jobs.js';

/** Times of the lease protocol; tests shorten them. */
export interface LeaseTimings {
  leaseMs: number;
  sweepEveryMs: number;
}

/** Agents beat every third of the lease: two lost beats are forgiven. */
export const defaultLeaseTimings: LeaseTimings = { leaseMs: 30_000, sweepEveryMs: 2_000 };

export type BeatVerdict = 'continue' | 'cancel' | 'late' | 'lost';

export interface JobLeasesOptions {
  database: JobsDatabase;
  media: MediaStore;
  bus: Bus;
  logger: Logger;
  timings: LeaseTimings;
}

/**
 * The gateway's side of the lease protocol. Rows are the truth and every move is one guarded statement, so any number of
 * agents may ask and any number of gateways may answer; exactly one call ends a job.
 */
export class JobLeases {
  constructor(private readonly options: JobLeasesOptions) {}

  /** @returns null when no job waits */
  async claim(agentId: string): Promise<Work | null> {
    const { database, timings, logger } = this.options;
    const work = await claimWork(database, { agentId, leaseMs: timings.leaseMs });
    if (work) logger.info('job leased', { jobId: work.job_id, agentId, attempt: work.attempt });
    return work;
  }

  /** Renews a lease. With `cancel` and `late` the job has ended when the answer leaves. */
  async beat(beat: Attempt & { progress: number; stage: string }): Promise<BeatVerdict> {
    const renewed = await renewLease(this.options.database, { ...beat, leaseMs: this.options.timings.leaseMs });
    if (!renewed) return 'lost';
    if (renewed.cancelRequested) return (await this.end(beat, { state: 'cancelled', error: jobErrors.cancelled })) ? 'cancel' : 'lost';
    if (renewed.late) return (await this.end(beat, { state: 'failed', error: jobErrors.processingTimeExceeded })) ? 'late' : 'lost';
    return 'continue';
  }

  /**
   * Takes the outcome of an attempt.
   * @returns false when the attempt is not the current one: its outcome is dropped
   * @throws AppError `invalid_argument` when a job of one media type is finished as the other
   */
  async finish(attempt: Attempt, outcome: JobOutcome): Promise<boolean> {
    switch (outcome.state) {
      case 'finished':
        return this.finishWithResult(attempt, outcome);
      case 'failed':
        return this.end(attempt, { state: 'failed', error: outcome.error });
      case 'returned':
        return this.takeBack(attempt, outcome.reason);
    }
  }

  /** One pass over jobs that nobody moves. */
  async sweep(): Promise<SweepResult> {
    const { database, bus, logger } = this.options;
    const swept = await sweepJobs(database);
    for (const jobId of swept.requeued) bus.publish(jobQueued, { job_id: jobId });
    for (const jobId of swept.ended) await this.removeMedia(jobId);
    if (swept.requeued.length + swept.ended.length > 0) logger.warn('jobs swept', swept);
    return swept;
  }

  private async finishWithResult(attempt: Attempt, outcome: Extract<JobOutcome, { state: 'finished' }>): Promise<boolean> {
    if (outcome.media_type !== mediaTypeOf(attempt.jobId))
      throw new AppError('invalid_argument', `${attempt.jobId} is no ${outcome.media_type} job`);
    const ending: JobEnding =
      outcome.media_type === 'video' ? { state: 'finished', result: outcome.result } : { state: 'finished', items: outcome.items };
    if (await this.end(attempt, ending, Prisma.sql`${isLate} IS NOT TRUE`)) return true;
    // Over its bound a job fails even if the result came before the sweeper; pictures that are done stay done.
    const { items } = ending;
    return this.end(attempt, { state: 'failed', error: jobErrors.processingTimeExceeded, ...(items ? { items } : {}) }, isLate);
  }

  private async takeBack(attempt: Attempt, reason: string): Promise<boolean> {
    const returned = await returnToQueue(this.options.database, attempt);
    // Not back in the queue: the attempt is not the current one, or it was the last.
    if (!returned) return this.end(attempt, { state: 'failed', error: jobErrors.attemptsExhausted });
    this.options.logger.info('job given back', { jobId: attempt.jobId, reason, ...returned });
    if (returned.delaySeconds === 0) this.options.bus.publish(jobQueued, { job_id: attempt.jobId });
    return true;
  }

  private async end(attempt: Attempt, ending: JobEnding, condition: Prisma.Sql = Prisma.sql`true`): Promise<boolean> {
    const [jobId] = await endJobs(this.options.database, { which: Prisma.sql`${isInAttempt(attempt)} AND ${condition}`, ending });
    if (jobId === undefined) return false;
    this.options.logger.info('job ended', { jobId, state: ending.state, errorCode: ending.error?.code });
    await this.removeMedia(jobId);
    return true;
  }

  /** Nothing reads a terminal job's upload again. What a crash leaves here, the search for orphans removes later. */
  private async removeMedia(jobId: string): Promise<void> {
    try {
      await this.options.media.removeFolder(jobId);
    } catch (error) {
      this.options.logger.warn('the upload of an ended job was not removed', { jobId, error });
    }
  }
}
