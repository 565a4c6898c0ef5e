import type { JobId } from '@nightjar/contracts';
import type { JobsDatabase, Prisma } from '@nightjar/database';
import type { Logger } from '@nightjar/runtime';
import type { MediaStore } from '../uploads/media-store.js';
import type { Attempt } from './beat-job.js';
import { AttemptEnds, type EndCondition } from './end-attempts.js';
import { endJobs, type JobEnding } from './end-jobs.js';
import type { MoveNudges } from './move-nudges.js';

export interface JobEndingsOptions {
  database: JobsDatabase;
  media: MediaStore;
  moves: MoveNudges;
  logger: Logger;
  /** How long a job can be read after its end. */
  retentionMs: number;
  /** Called when jobs have ended, and their webhook messages wait. */
  onEnded: () => void;
}

/** Ends jobs, and does what follows from that outside of the database: listeners are nudged, uploads removed. */
export class JobEndings {
  private readonly attempts: AttemptEnds;

  constructor(private readonly options: JobEndingsOptions) {
    const { database, retentionMs, onEnded } = options;
    this.attempts = new AttemptEnds({
      database,
      retentionMs,
      onEnded: (jobs) => {
        if (jobs.some(({ hasMessage }) => hasMessage)) onEnded();
      },
    });
  }

  /**
   * Ends the job of an attempt.
   * @returns false when the attempt is not the current one, has ended or does not meet the condition
   * @throws AppError `unavailable`
   */
  async endAttempt(attempt: Attempt, ending: JobEnding, condition: EndCondition = 'any'): Promise<boolean> {
    if (!(await this.attempts.end(attempt, ending, condition))) return false;
    this.log(attempt.jobId, ending);
    await this.tellAndClean(attempt.jobId);
    return true;
  }

  /** @returns ids of the jobs that meet `which` and had not ended before */
  async end(which: Prisma.Sql, ending: JobEnding): Promise<string[]> {
    const { database, retentionMs } = this.options;
    const jobs = await endJobs(database, { which, ending, retentionMs });
    const jobIds = jobs.map(({ id }) => id);
    for (const jobId of jobIds) this.log(jobId, ending);
    await this.follow(jobIds);
    return jobIds;
  }

  /** What follows once the rows have ended. */
  async follow(jobIds: readonly JobId[]): Promise<void> {
    if (jobIds.length > 0) this.options.onEnded();
    for (const jobId of jobIds) await this.tellAndClean(jobId);
  }

  /** Nothing reads a terminal job's upload again. What a crash leaves here, the search for orphans removes later. */
  async removeMedia(jobId: JobId): Promise<void> {
    try {
      await this.options.media.removeFolder(jobId);
    } catch (error) {
      this.options.logger.warn('the upload of an ended job was not removed', { jobId, error });
    }
  }

  private async tellAndClean(jobId: JobId): Promise<void> {
    this.options.moves.tell(jobId);
    await this.removeMedia(jobId);
  }

  private log(jobId: JobId, { state, error }: JobEnding): void {
    this.options.logger.info('job ended', { jobId, state, errorCode: error?.code });
  }
}
