import type { JobError, JobId, MediaType } from '@nightjar/contracts';
import { type JobsDatabase, Prisma } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import { storedError, storedJson } from './stored-values.js';

/** Whose a job is. */
export interface JobOwner {
  tenantId: number;
  /** Exactly one of the two made it: an API key, or a user with a token. */
  apiKeyId: string | undefined;
  userId: number | undefined;
  /** Whether results may hold the vectors of faces. */
  faceEmbeddings: boolean;
}

export interface NewJob {
  id: JobId;
  owner: JobOwner;
  /** 0: unbounded. */
  maxProcessingSeconds: number;
  /** Who is told of the job's end. */
  webhook: { url: string; sealedSecret: Uint8Array | null } | null;
}

/** A picture of a new batch: either its bytes are in the media store, or it has failed already. */
export type NewItem = { externalId: string | null } & ({ file: string; sizeBytes: number } | { error: JobError });

/** What is committed with a new job in one statement, all of it or nothing. */
export interface CommittedWithJob {
  /** Statement that has to return a row, else no job is made: the right to the request's `Idempotency-Key`. */
  granted?: Prisma.Sql;
  /** Further CTEs, `name AS (…)`. The job's row is `inserted` (id, tenant_id, media_type, size_bytes). */
  writes?: readonly Prisma.Sql[];
}

interface InsertedJob extends NewJob {
  mediaType: MediaType;
  /** `processing` only inside a transaction that ends the job at once. */
  state: 'queued' | 'processing';
  mediaFile: string | null;
  sizeBytes: number;
  items: readonly NewItem[];
}

/**
 * Inserts a job, its items, the event that listeners hear and what is committed with it: one statement, one round trip.
 * @throws AppError `conflict` when `granted` returned no row: somebody else has the right by now
 */
export async function insertJob(database: Pick<JobsDatabase, '$planned'>, job: InsertedJob, committed: CommittedWithJob): Promise<void> {
  const { owner, webhook } = job;
  const { granted, writes = [] } = committed;
  const rows = await database.$planned<{ id: string }>`
    WITH ${granted ? Prisma.sql`granted AS (${granted}),` : Prisma.empty}
    inserted AS (
      INSERT INTO jobs.job (
        id, tenant_id, api_key_id, user_id, face_embeddings, media_type, state,
        max_processing_seconds, media_file, size_bytes, webhook_url, webhook_secret)
      SELECT ${job.id}, ${owner.tenantId}::int, ${owner.apiKeyId ?? null}::uuid, ${owner.userId ?? null}::int, ${owner.faceEmbeddings}::boolean,
        ${job.mediaType}::jobs.media_type, ${job.state}::jobs.job_state, ${job.maxProcessingSeconds}::int, ${job.mediaFile},
        ${job.sizeBytes}::bigint, ${webhook?.url ?? null}, ${webhook?.sealedSecret ?? null}::bytea
      ${granted ? Prisma.sql`WHERE EXISTS (SELECT FROM granted)` : Prisma.empty}
      RETURNING id, tenant_id, media_type, state, size_bytes
    ),
    item AS (
      INSERT INTO jobs.job_item (job_id, "index", external_id, state, media_file, size_bytes, error_code, error_message)
      SELECT inserted.id, i."index", i.external_id, i.state::jobs.job_state, i.media_file, i.size_bytes, i.error_code, i.error_message
      FROM inserted, json_to_recordset(${storedJson(job.items.map(itemRow))}::json)
        AS i("index" int, external_id text, state text, media_file text, size_bytes int, error_code text, error_message text)
    ),
    told AS (INSERT INTO jobs.job_event (tenant_id, job_id, state) SELECT tenant_id, id, state FROM inserted)
    ${writes.length === 0 ? Prisma.empty : Prisma.sql`, ${Prisma.join(writes)}`}
    SELECT id FROM inserted`;
  if (rows.length === 0) throw new AppError('conflict', 'another request took the Idempotency-Key over meanwhile', { retryAfterMs: 1_000 });
}

function itemRow(item: NewItem, index: number): object {
  const head = { index, external_id: item.externalId };
  if (!('error' in item)) return { ...head, state: 'queued', media_file: item.file, size_bytes: item.sizeBytes };
  const error = storedError(item.error);
  return { ...head, state: 'failed', size_bytes: 0, error_code: error.code, error_message: error.message };
}
