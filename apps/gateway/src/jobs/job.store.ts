import type { JobId, JobState, MediaType } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable, Prisma, type RunPlanned } from '@nightjar/database';
import { endJobs } from './end-jobs.js';
import type { JobsCursor, JobsQuery } from './jobs-query.js';
import { insertJob, type CommittedWithJob, type NewItem, type NewJob } from './insert-job.js';

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
  /** The job is removed then; null until it has ended. */
  expiresAt: Date | null;
}

interface ItemRow extends OutcomeRow {
  index: number;
  externalId: string | null;
}

export interface ImageJobRow extends JobRow {
  items: ItemRow[];
}

/** A job in a list: never with its result, which may have megabytes. */
export interface JobSummaryRow {
  id: string;
  mediaType: MediaType;
  state: JobState;
  stage: string | null;
  progress: number;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  expiresAt: Date | null;
  attempt: number;
  errorCode: string | null;
  errorMessage: string | null;
  sizeBytes: bigint;
}

export interface JobDetailsRow extends JobSummaryRow {
  webhookUrl: string | null;
  /** One at most, once the job has ended. */
  deliveries: { id: string; state: 'pending' | 'delivered' | 'exhausted' | 'cancelled'; attempt: number }[];
}

const summaryColumns = {
  id: true,
  mediaType: true,
  state: true,
  stage: true,
  progress: true,
  createdAt: true,
  startedAt: true,
  finishedAt: true,
  expiresAt: true,
  attempt: true,
  errorCode: true,
  errorMessage: true,
  sizeBytes: true,
} as const satisfies Record<keyof JobSummaryRow, true>;
const detailsColumns = {
  ...summaryColumns,
  webhookUrl: true,
  deliveries: { select: { id: true, state: true, attempt: true } },
} as const satisfies Prisma.JobSelect;

const openStates = ['queued', 'processing'] as const;

/** Rows of jobs as clients make and read them; the lease protocol has statements of its own. */
export class JobStore {
  constructor(
    private readonly database: JobsDatabase,
    /** How long a job can be read after its end. */
    private readonly retentionMs: number,
  ) {}

  /** @param job.file null while the video is still fetched @throws AppError as `insertJob`, `unavailable` */
  async insertVideoJob(job: NewJob & { file: string | null; sizeBytes: number }, committed: CommittedWithJob = {}): Promise<void> {
    const { file: mediaFile, ...row } = job;
    await orUnavailable(insertJob(this.database, { ...row, mediaType: 'video', state: 'queued', mediaFile, items: [] }, committed));
  }

  /** Inserts the job and its items. A batch without a usable picture is finished from the start. @throws AppError as `insertJob`, `unavailable` */
  async insertImageJob(job: NewJob & { items: readonly NewItem[] }, committed: CommittedWithJob = {}): Promise<void> {
    const sizeBytes = job.items.reduce((sum, item) => sum + ('error' in item ? 0 : item.sizeBytes), 0);
    const row = { ...job, mediaType: 'image', mediaFile: null, sizeBytes } as const;
    if (job.items.some((item) => !('error' in item)))
      return orUnavailable(insertJob(this.database, { ...row, state: 'queued' }, committed));
    await orUnavailable(
      this.database.$transaction(async (prisma) => {
        const transaction = { $planned: <Row>(...statement: Parameters<RunPlanned>) => prisma.$queryRaw<Row[]>(...statement) };
        await insertJob(transaction, { ...row, state: 'processing' }, committed);
        const which = Prisma.sql`id = ${job.id}`;
        await endJobs(transaction, { which, ending: { state: 'finished', items: [], mediaUnits: 0 }, retentionMs: this.retentionMs });
      }),
    );
  }

  /** @returns null for an id that is unknown, of another tenant or of an image batch */
  async findVideoJob(id: JobId, tenantId: number): Promise<JobRow | null> {
    // What clients poll, and what every webhook sends.
    const [row] = await orUnavailable(
      this.database.$planned<JobRow>`
        SELECT id, state, result, error_code AS "errorCode", error_message AS "errorMessage", progress, stage, expires_at AS "expiresAt"
        FROM jobs.job WHERE id = ${id} AND tenant_id = ${tenantId} AND media_type = 'video'`,
    );
    return row ?? null;
  }

  /** @returns null for an id that is unknown, of another tenant or of a video; items in the order of the request */
  findImageJob(id: JobId, tenantId: number): Promise<ImageJobRow | null> {
    return orUnavailable(
      this.database.job.findFirst({ where: { id, tenantId, mediaType: 'image' }, include: { items: { orderBy: { index: 'asc' } } } }),
    );
  }

  /** A tenant's jobs, newest first. @returns `next`: where the next page begins, undefined behind the last */
  async listJobs(tenantId: number, query: JobsQuery): Promise<{ jobs: JobSummaryRow[]; next: JobsCursor | undefined }> {
    const { limit, cursor, states, mediaType, createdAfter, createdBefore } = query;
    const behind = cursor && { createdAt: new Date(cursor.createdAtUnixMs), id: cursor.id };
    const rows = await orUnavailable(
      this.database.job.findMany({
        where: {
          tenantId,
          ...(states ? { state: { in: [...states] } } : {}),
          ...(mediaType ? { mediaType } : {}),
          createdAt: { ...(createdAfter ? { gt: createdAfter } : {}), ...(createdBefore ? { lt: createdBefore } : {}) },
          // The first condition is what the index is read by.
          ...(behind
            ? {
                AND: [
                  { createdAt: { lte: behind.createdAt } },
                  { OR: [{ createdAt: { lt: behind.createdAt } }, { id: { lt: behind.id } }] },
                ],
              }
            : {}),
        },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
        select: summaryColumns,
      }),
    );
    const jobs = rows.slice(0, limit);
    const last = rows.length > limit ? jobs.at(-1) : undefined;
    return { jobs, next: last && { createdAtUnixMs: last.createdAt.getTime(), id: last.id } };
  }

  /** @returns null for an id that is unknown or of another tenant */
  findJob(id: JobId, tenantId: number): Promise<JobDetailsRow | null> {
    return orUnavailable(this.database.job.findFirst({ where: { id, tenantId }, select: detailsColumns }));
  }

  /** Removes a job that has ended with all that hangs on it, and its `Idempotency-Key`. @returns false when there is none */
  async removeEnded(id: JobId, tenantId: number): Promise<boolean> {
    const rows = await orUnavailable(
      this.database.$queryRaw<unknown[]>`
        WITH removed AS (
          DELETE FROM jobs.job WHERE id = ${id} AND tenant_id = ${tenantId} AND state <> ALL(${[...openStates]}::text[]::jobs.job_state[]) RETURNING id
        ),
        forgotten AS (DELETE FROM jobs.idempotency_record AS record USING removed WHERE record.job_id = removed.id)
        SELECT id FROM removed`,
    );
    return rows.length > 0;
  }

  /** Which of these jobs still need their uploads. */
  async findOpenIds(ids: readonly string[]): Promise<Set<string>> {
    const rows = await orUnavailable(
      this.database.job.findMany({ where: { id: { in: [...ids] }, state: { in: [...openStates] } }, select: { id: true } }),
    );
    return new Set(rows.map(({ id }) => id));
  }
}
