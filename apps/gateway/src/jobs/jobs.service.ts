import { jobCancelled, type JobId } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable, Prisma } from '@nightjar/database';
import type { Bus } from '@nightjar/messaging';
import { AppError } from '@nightjar/runtime';
import { jobErrors } from './job-error.js';
import type { JobEndings } from './job-endings.js';
import { isTerminal } from './job-state.js';
import type { JobDetailsRow, JobStore } from './job.store.js';

/** A job can move between two looks at it, but not for ever. */
const triesMax = 5;

/** What owners do with their jobs once they are submitted. A job of another tenant does not exist. */
export class JobsService {
  constructor(private readonly options: { database: JobsDatabase; jobs: JobStore; endings: JobEndings; bus: Bus }) {}

  /** @throws AppError `not_found` */
  async find(id: JobId, tenantId: number): Promise<JobDetailsRow> {
    const job = await this.options.jobs.findJob(id, tenantId);
    if (!job) throw new AppError('not_found', 'no such job');
    return job;
  }

  /**
   * Cancels a job. One that waits has ended when this returns; one that runs ends with its next beat, which its agent is asked
   * to make at once.
   * @returns the job as it is now
   * @throws AppError `not_found`, `conflict` when it has ended
   */
  async cancel(id: JobId, tenantId: number): Promise<JobDetailsRow> {
    const isThisJob = Prisma.sql`id = ${id} AND tenant_id = ${tenantId}`;
    for (let tries = 0; tries < triesMax; tries++) {
      const cancelled = { state: 'cancelled', error: jobErrors.cancelled } as const;
      const [ended] = await this.options.endings.end(Prisma.sql`${isThisJob} AND state = 'queued'`, cancelled);
      if (ended !== undefined || (await this.askAgentToStop(id, isThisJob))) return this.find(id, tenantId);
      const { state } = await this.find(id, tenantId);
      if (isTerminal(state)) throw new AppError('conflict', `the job has ended: it is ${state}`);
    }
    throw new AppError('unavailable', 'the job moved all the time; try again', { retryAfterMs: 1_000 });
  }

  /**
   * Removes a job that has ended, with its result, its deliveries and its `Idempotency-Key`.
   * @throws AppError `not_found`, `conflict` for a job that has not ended
   */
  async remove(id: JobId, tenantId: number): Promise<void> {
    if (await this.options.jobs.removeEnded(id, tenantId)) return this.options.endings.removeMedia(id);
    const { state } = await this.find(id, tenantId);
    throw new AppError('conflict', `the job is ${state}: cancel it first, and remove it when it has ended`);
  }

  private async askAgentToStop(id: JobId, isThisJob: Prisma.Sql): Promise<boolean> {
    const { database, bus } = this.options;
    const asked = await orUnavailable(
      database.$executeRaw`UPDATE jobs.job SET cancel_requested = true WHERE ${isThisJob} AND state = 'processing'`,
    );
    if (asked > 0) bus.publish(jobCancelled, { job_id: id });
    return asked > 0;
  }
}
