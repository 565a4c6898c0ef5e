import type { JobId, Work } from '@nightjar/contracts';
import type { JobsDatabase, Prisma } from '@nightjar/database';
import type { Logger } from '@nightjar/runtime';
import type { MediaStore } from '../uploads/media-store.js';
import { endAndClaim, type Claimant } from './claim-job.js';
import { endJobs, type EndedJob, type JobEnding } from './end-jobs.js';
import type { MoveNudges } from './move-nudges.js';

interface JobEndingsOptions {
  database: JobsDatabase;
  media: MediaStore;
  moves: MoveNudges;
  logger: Logger;
  /** How long a job can be read after its end. */
  retentionMs: number;
  /** Called when webhook messages of jobs that have ended wait. */
  onMessages: () => void;
}

/** Ends jobs, and does what follows from that outside of the database: listeners are nudged, uploads removed. */
export class JobEndings {
  constructor(private readonly options: JobEndingsOptions) {}

  /** @returns ids of the jobs that meet `which` and had not ended before */
  async end(which: Prisma.Sql, ending: JobEnding): Promise<string[]> {
    const { database, retentionMs } = this.options;
    const ended = await endJobs(database, { which, ending, retentionMs });
    this.note(ended, ending);
    await this.follow(ended);
    return ended.map(({ id }) => id);
  }

  /** As `end`, for the agent that did the work and has room for the next job; one that ended nothing gets none. */
  async endAndClaim(which: Prisma.Sql, ending: JobEnding, claimant: Claimant): Promise<{ isEnded: boolean; next: Work | null }> {
    const { database, retentionMs } = this.options;
    const { ended, next } = await endAndClaim(database, { which, ending, retentionMs }, claimant);
    if (!ended) return { isEnded: false, next };
    this.note([ended], ending);
    await this.follow([ended]);
    return { isEnded: true, next };
  }

  /** What follows once the rows have ended. */
  async follow(ended: readonly EndedJob[]): Promise<void> {
    if (ended.some(({ hasWebhook }) => hasWebhook)) this.options.onMessages();
    for (const { id: jobId } of ended) {
      this.options.moves.tell(jobId);
      await this.removeMedia(jobId);
    }
  }

  /** Nothing reads a terminal job's upload again. What a crash leaves here, the search for orphans removes later. */
  async removeMedia(jobId: JobId): Promise<void> {
    try {
      await this.options.media.removeFolder(jobId);
    } catch (error) {
      this.options.logger.warn('the upload of an ended job was not removed', { jobId, error });
    }
  }

  private note(ended: readonly EndedJob[], { state, error }: JobEnding): void {
    for (const { id: jobId } of ended) this.options.logger.info('job ended', { jobId, state, errorCode: error?.code });
  }
}
