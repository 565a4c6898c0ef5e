import { Injectable } from '@nestjs/common';
import { ArchiveService } from '../retention/archive.service.js';
import { RetentionService } from '../retention/retention.service.js';
import { RecorderService } from './recorder.service.js';

const boundsInWords = {
  used_bytes: 'recordings take more than NIGHTJAR_RETENTION_BYTES, and what is left is protected or being written',
  free_bytes: 'less than NIGHTJAR_RETENTION_FREE_BYTES of the disk is free, and no recording is left that may go',
  archive_used_bytes: 'the archive takes more than NIGHTJAR_ARCHIVE_BYTES, and what is left is protected',
  archive_free_bytes: 'less than NIGHTJAR_RETENTION_FREE_BYTES of the disk of the archive is free, and no recording is left that may go',
} as const;

const tiersInWords = { fast: 'the disk of recordings', archive: 'the archive' } as const;

/** What of the recorder does not work, in words for an operator. */
@Injectable()
export class RecorderCondition {
  constructor(
    private readonly recorder: RecorderService,
    private readonly retention: RetentionService,
    private readonly archive: ArchiveService,
  ) {}

  /** Why recordings can't be written now; undefined when they can. For /readyz: names no path. */
  get diskProblem(): string | undefined {
    const { diskProblem } = this.retention;
    return this.recorder.diskProblem ?? (diskProblem === undefined ? undefined : `recordings cannot be written (${diskProblem})`);
  }

  /** Empty when all is well. */
  problems(): string[] {
    const { diskProblem } = this;
    const broken = [diskProblem, this.archive.problem].filter((problem) => problem !== undefined);
    const stuck = this.retention.removalFailures.map(
      ({ code, tier }) => `recordings cannot be removed from ${tiersInWords[tier]} (${code})`,
    );
    return [...broken, ...stuck, ...this.retention.unmetBounds.map((bound) => boundsInWords[bound])];
  }
}
