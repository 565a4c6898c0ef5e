import type { JobId } from '@nightjar/contracts';
import type { JobsDatabase, Prisma } from '@nightjar/database';
import type { Logger } from '@nightjar/runtime';
import type { MediaStore } from '../uploads/media-store.js';
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
  constructor(private readonly options: JobEndingsOptions) {}

  /** @returns ids of the jobs that meet `which` and had not ended before */
  async end(which: Prisma.Sql, ending: JobEnding): Promise<string[]> {
    const { database, logger, retentionMs } = this.options;
    const jobIds = await endJobs(database, { which, ending, retentionMs });
    for (const jobId of jobIds) logger.info('job ended', { jobId, state: ending.state, errorCode: ending.error?.code });
    await this.follow(jobIds);
    return jobIds;
  }

  /** What follows once the rows have ended. */
  async follow(jobIds: readonly JobId[]): Promise<void> {
    if (jobIds.length > 0) this.options.onEnded();
    for (const jobId of jobIds) {
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
}
