import type { SecretBox } from '@nightjar/auth';
import { jobProgressed, jobQueued, type FinishedOutcome, type JobOutcome, type Work } from '@nightjar/contracts';
import { Prisma, type JobsDatabase } from '@nightjar/database';
import type { Bus } from '@nightjar/messaging';
import { AppError, type Logger } from '@nightjar/runtime';
import { prepareOutcome } from '../allowlist/mark-allowlisted.js';
import { isInAttempt, renewLease, type Attempt } from './beat-job.js';
import { claimWork, type Claimant } from './claim-job.js';
import { isLate, type JobEnding } from './end-jobs.js';
import type { JobEndings } from './job-endings.js';
import { jobErrors } from './job-error.js';
import { mediaTypeOf } from './job-id.js';
import type { MoveNudges } from './move-nudges.js';
import { assembleOutcome, storeOutcomePart } from './outcome-parts.js';
import { returnToQueue } from './return-job.js';
import { sweepJobs, type SweepResult } from './sweep-jobs.js';

/** Times of the lease protocol; tests shorten them. */
export interface LeaseTimings {
  leaseMs: number;
  sweepEveryMs: number;
}

/** Agents beat every third of the lease: two lost beats are forgiven. */
export const defaultLeaseTimings: LeaseTimings = { leaseMs: 30_000, sweepEveryMs: 2_000 };

/** What became of an outcome. */
interface FinishAnswer {
  /** False when the attempt is not the current one: its outcome is dropped. */
  accepted: boolean;
  /** Leased with the job's end to the agent that asked for it; null when no job waits, absent when none was looked for. */
  next?: Work | null;
}

type BeatVerdict = 'continue' | 'cancel' | 'late' | 'lost';

interface JobLeasesOptions {
  database: JobsDatabase;
  endings: JobEndings;
  bus: Bus;
  moves: MoveNudges;
  logger: Logger;
  timings: LeaseTimings;
  /** How long a job can be read after its end. */
  retentionMs: number;
  /** Opens the faces of the allow-list; without it nobody is listed. */
  box: SecretBox | undefined;
}

/**
 * The gateway's side of the lease protocol. Rows are the truth and every move is one guarded statement, so any number of
 * agents may ask and any number of gateways may answer; exactly one call ends a job.
 */
export class JobLeases {
  constructor(private readonly options: JobLeasesOptions) {}

  /** @returns null when no job waits */
  async claim(agentId: string): Promise<Work | null> {
    const work = await claimWork(this.options.database, { agentId, leaseMs: this.options.timings.leaseMs });
    if (work) this.noteLease(work, agentId);
    return work;
  }

  /** Renews a lease. With `cancel` and `late` the job has ended when the answer leaves. */
  async beat(beat: Attempt & { progress: number; stage: string }): Promise<BeatVerdict> {
    const renewed = await renewLease(this.options.database, { ...beat, leaseMs: this.options.timings.leaseMs });
    if (!renewed) return 'lost';
    if (renewed.cancelRequested)
      return (await this.end(beat, { state: 'cancelled', error: jobErrors.cancelled })).accepted ? 'cancel' : 'lost';
    if (renewed.late)
      return (await this.end(beat, { state: 'failed', error: jobErrors.processingTimeExceeded })).accepted ? 'late' : 'lost';
    const { jobId, progress, stage } = beat;
    this.options.bus.publish(jobProgressed, { job_id: jobId, tenant_id: renewed.tenantId, progress, stage });
    return 'continue';
  }

  /**
   * Takes the outcome of an attempt.
   * @param nextFor agent that has room for the next job
   * @throws AppError `invalid_argument` when a job of one media type is finished as the other
   */
  async finish(attempt: Attempt, outcome: JobOutcome, nextFor?: string): Promise<FinishAnswer> {
    switch (outcome.state) {
      case 'finished':
        return this.finishWithResult(attempt, outcome, nextFor);
      case 'finished_in_parts':
        return this.finishWithParts(attempt, outcome.parts, nextFor);
      case 'failed':
        return this.end(attempt, { state: 'failed', error: outcome.error }, { nextFor });
      case 'returned':
        return { accepted: await this.takeBack(attempt, outcome.reason) };
    }
  }

  /** Keeps a piece of an outcome for `finish`. @returns false when the attempt is not the current one */
  putOutcomePart(attempt: Attempt, piece: { part: number; text: string }): Promise<boolean> {
    return storeOutcomePart(this.options.database, attempt, piece);
  }

  /** One pass over jobs that nobody moves. */
  async sweep(): Promise<SweepResult> {
    const { database, endings, bus, logger, retentionMs } = this.options;
    const swept = await sweepJobs(database, { retentionMs });
    for (const jobId of swept.requeued) {
      bus.publish(jobQueued, { job_id: jobId });
      this.options.moves.tell(jobId);
    }
    await endings.follow(swept.ended);
    if (swept.requeued.length + swept.ended.length > 0)
      logger.warn('jobs swept', { requeued: swept.requeued, ended: swept.ended.map(({ id }) => id) });
    return swept;
  }

  private async finishWithParts(attempt: Attempt, parts: number, nextFor: string | undefined): Promise<FinishAnswer> {
    const outcome = await assembleOutcome(this.options.database, attempt, parts);
    if (outcome) return this.finishWithResult(attempt, outcome, nextFor);
    return this.end(attempt, { state: 'failed', error: jobErrors.resultNotDelivered }, { nextFor });
  }

  private async finishWithResult(attempt: Attempt, found: FinishedOutcome, nextFor: string | undefined): Promise<FinishAnswer> {
    const { database, box } = this.options;
    if (found.media_type !== mediaTypeOf(attempt.jobId))
      throw new AppError('invalid_argument', `${attempt.jobId} is no ${found.media_type} job`);
    const outcome = await prepareOutcome(database, box, attempt.jobId, found);
    const ending: JobEnding =
      outcome.media_type === 'video'
        ? { state: 'finished', result: outcome.result, mediaUnits: outcome.duration_seconds }
        : { state: 'finished', items: outcome.items, mediaUnits: outcome.items.filter(({ state }) => state === 'finished').length };
    const inTime = await this.end(attempt, ending, { condition: Prisma.sql`${isLate} IS NOT TRUE`, nextFor });
    if (inTime.accepted) return inTime;
    // Over its bound a job fails even if the result came before the sweeper; pictures that are done stay done.
    const { items } = ending;
    const late: JobEnding = { state: 'failed', error: jobErrors.processingTimeExceeded, ...(items ? { items } : {}) };
    return this.end(attempt, late, { condition: isLate, nextFor });
  }

  private async takeBack(attempt: Attempt, reason: string): Promise<boolean> {
    const returned = await returnToQueue(this.options.database, attempt);
    // Not back in the queue: the attempt is not the current one, somebody cancelled the job, or it was the last.
    if (!returned) {
      const cancelled: JobEnding = { state: 'cancelled', error: jobErrors.cancelled };
      if ((await this.end(attempt, cancelled, { condition: Prisma.sql`cancel_requested` })).accepted) return true;
      return (await this.end(attempt, { state: 'failed', error: jobErrors.attemptsExhausted })).accepted;
    }
    this.options.logger.info('job given back', { jobId: attempt.jobId, reason, ...returned });
    this.options.moves.tell(attempt.jobId);
    if (returned.delaySeconds === 0) this.options.bus.publish(jobQueued, { job_id: attempt.jobId });
    return true;
  }

  private async end(
    attempt: Attempt,
    ending: JobEnding,
    { condition = Prisma.sql`true`, nextFor }: { condition?: Prisma.Sql; nextFor?: string | undefined } = {},
  ): Promise<FinishAnswer> {
    const { endings, timings } = this.options;
    const which = Prisma.sql`${isInAttempt(attempt)} AND ${condition}`;
    if (nextFor === undefined) return { accepted: (await endings.end(which, ending)).length > 0 };
    const claimant: Claimant = { agentId: nextFor, leaseMs: timings.leaseMs };
    const { isEnded, next } = await endings.endAndClaim(which, ending, claimant);
    if (!isEnded) return { accepted: false };
    if (next) this.noteLease(next, nextFor);
    return { accepted: true, next };
  }

  private noteLease({ job_id: jobId, attempt }: Work, agentId: string): void {
    this.options.logger.info('job leased', { jobId, agentId, attempt });
    this.options.moves.tell(jobId);
  }
}
