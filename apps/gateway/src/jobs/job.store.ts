import type { JobError, JobId, JobState, MediaType } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable, type Prisma } from '@nightjar/database';

/** Whose a job is. */
export interface JobOwner {
  tenantId: number;
  apiKeyId: string;
}

export interface NewJob {
  id: JobId;
  owner: JobOwner;
  /** 0: unbounded. */
  maxProcessingSeconds: number;
}

/** A picture of a new batch: either its bytes are in the media store, or it has failed already. */
export type NewItem = { externalId: string | null } & ({ file: string; sizeBytes: number } | { error: JobError });

interface OutcomeRow {
  state: JobState;
  result: unknown;
  errorCode: string | null;
  errorMessage: string | null;
}

/** A job as its client may see it. */
export interface JobRow extends OutcomeRow {
  id: string;
  progress: number;
  stage: string | null;
}

export interface ItemRow extends OutcomeRow {
  index: number;
  externalId: string | null;
}

export interface ImageJobRow extends JobRow {
  items: ItemRow[];
}

const openStates = ['queued', 'processing'] as const;

/** Rows of jobs as clients make and read them; the lease protocol has statements of its own. */
export class JobStore {
  constructor(private readonly database: JobsDatabase) {}

  async insertVideoJob(job: NewJob & { file: string; sizeBytes: number }): Promise<void> {
    const { file, sizeBytes } = job;
    await orUnavailable(this.database.job.create({ data: { ...jobColumns(job, 'video'), mediaFile: file, sizeBytes } }));
  }

  /** Inserts the job and its items in one transaction. A batch without a usable picture is finished from the start. */
  async insertImageJob(job: NewJob & { items: readonly NewItem[] }): Promise<void> {
    const items = job.items.map(itemColumns);
    const nothingToDo = items.every(({ state }) => state === 'failed');
    await orUnavailable(
      this.database.job.create({
        data: {
          ...jobColumns(job, 'image'),
          sizeBytes: items.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0),
          ...(nothingToDo ? { state: 'finished' as const, progress: 1, finishedAt: new Date() } : {}),
          items: { createMany: { data: items } },
        },
      }),
    );
  }

  /** @returns null for an id that is unknown, of another tenant or of an image batch */
  findVideoJob(id: JobId, tenantId: number): Promise<JobRow | null> {
    return orUnavailable(this.database.job.findFirst({ where: { id, tenantId, mediaType: 'video' } }));
  }

  /** @returns null for an id that is unknown, of another tenant or of a video; items in the order of the request */
  findImageJob(id: JobId, tenantId: number): Promise<ImageJobRow | null> {
    return orUnavailable(
      this.database.job.findFirst({ where: { id, tenantId, mediaType: 'image' }, include: { items: { orderBy: { index: 'asc' } } } }),
    );
  }

  /** Which of these jobs still need their uploads. */
  async findOpenIds(ids: readonly string[]): Promise<Set<string>> {
    const rows = await orUnavailable(
      this.database.job.findMany({ where: { id: { in: [...ids] }, state: { in: [...openStates] } }, select: { id: true } }),
    );
    return new Set(rows.map(({ id }) => id));
  }
}

function jobColumns({ id, owner, maxProcessingSeconds }: NewJob, mediaType: MediaType) {
  return { id, mediaType, maxProcessingSeconds, tenantId: owner.tenantId, apiKeyId: owner.apiKeyId };
}

function itemColumns(item: NewItem, index: number): Prisma.JobItemCreateManyJobInput {
  const { externalId } = item;
  if ('error' in item) return { index, externalId, state: 'failed', errorCode: item.error.code, errorMessage: item.error.message };
  return { index, externalId, mediaFile: item.file, sizeBytes: item.sizeBytes };
}
