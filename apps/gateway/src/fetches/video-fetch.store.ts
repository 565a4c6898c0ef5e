import { randomUUID } from 'node:crypto';
import type { JobError, JobId } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable, Prisma } from '@nightjar/database';
import type { JobEndings } from '../jobs/job-endings.js';
import { nowAsStored } from '../jobs/stored-values.js';
import { usageSlot } from '../quotas/count-usage.js';

/** The right to fetch one video. */
interface FetchLease {
  jobId: JobId;
  leaseId: string;
}

/** A video that waits to be fetched, leased. */
export interface VideoFetch extends FetchLease {
  sealedUrl: Uint8Array;
  /** Synced to disk by whoever had it before. */
  bytesReceived: number;
  etag: string | null;
  /** Tries in a row that brought nothing, with this one. */
  tried: number;
}

interface ClaimedRow {
  job_id: JobId;
  url: Uint8Array;
  bytes_received: number;
  etag: string | null;
  attempt: number;
}

/** Stage of a job whose video is on its way. */
const stage = 'downloading';

/**
 * Rows of downloads. The job's row is locked before its download's, as the end of a job does it: so the two never wait for each
 * other.
 */
export class VideoFetchStore {
  constructor(
    private readonly database: JobsDatabase,
    private readonly endings: JobEndings,
    private readonly times: { leaseMs: number },
  ) {}

  /** Leases the download that has waited longest. @returns null when none waits */
  async claim(): Promise<VideoFetch | null> {
    const leaseId = randomUUID();
    const [row] = await orUnavailable(
      this.database.$planned<ClaimedRow>`
        WITH waiting AS MATERIALIZED (
          SELECT download.job_id FROM jobs.job JOIN jobs.job_fetch AS download ON download.job_id = job.id
          WHERE job.state = 'queued' AND download.run_after <= ${nowAsStored} AND (download.lease_until IS NULL OR download.lease_until < now())
          ORDER BY download.run_after, download.job_id LIMIT 1 FOR UPDATE SKIP LOCKED
        ), claimed AS (
          UPDATE jobs.job_fetch AS download SET
            attempt = download.attempt + 1, lease_id = ${leaseId}::uuid, lease_until = now() + ${this.times.leaseMs} * interval '1 ms'
          FROM waiting WHERE download.job_id = waiting.job_id
          RETURNING download.job_id, download.url, download.bytes_received::float8, download.etag, download.attempt
        ), shown AS (
          UPDATE jobs.job SET stage = ${stage} FROM claimed WHERE job.id = claimed.job_id
        )
        SELECT * FROM claimed`,
    );
    if (!row) return null;
    const { job_id: jobId, url: sealedUrl, bytes_received: bytesReceived, etag, attempt: tried } = row;
    return { jobId, leaseId, sealedUrl, bytesReceived, etag, tried };
  }

  /** @returns false when the lease is not the current one, or the job has ended */
  renew(lease: FetchLease): Promise<boolean> {
    return this.underLease(lease, Prisma.sql`lease_until = now() + ${this.times.leaseMs} * interval '1 ms'`);
  }

  /** Notes what is synced to disk; the next try that fails counts as the first. @returns as `renew` */
  save(lease: FetchLease, progress: { bytes: number; etag: string | null; share: number }): Promise<boolean> {
    const { bytes, etag, share } = progress;
    return this.underLease(
      lease,
      Prisma.sql`attempt = CASE WHEN ${bytes}::bigint > bytes_received THEN 1 ELSE attempt END, bytes_received = ${bytes}::bigint, etag = ${etag}`,
      Prisma.sql`progress = ${share}::real`,
    );
  }

  /** Gives the download back: it is tried again after the pause. @param again.counts whether this try was one */
  async giveBack(lease: FetchLease, again: { afterMs: number; counts: boolean }): Promise<void> {
    const { afterMs, counts } = again;
    await this.underLease(
      lease,
      Prisma.sql`run_after = now() + ${afterMs} * interval '1 ms', lease_id = NULL, lease_until = NULL, attempt = attempt - ${counts ? 0 : 1}::int`,
    );
  }

  /** The video is there: agents may have the job. @returns as `renew` */
  async complete({ jobId, leaseId }: FetchLease, video: { file: string; sizeBytes: number }): Promise<boolean> {
    const { file, sizeBytes } = video;
    const rows = await orUnavailable(
      this.database.$queryRaw<unknown[]>`
        WITH ${openJob(jobId)},
        fetched AS (DELETE FROM jobs.job_fetch USING open_job WHERE job_id = open_job.id AND lease_id = ${leaseId}::uuid RETURNING job_id),
        ${countedBytes(sizeBytes)}
        UPDATE jobs.job SET media_file = ${file}, size_bytes = ${sizeBytes}::bigint, stage = NULL, progress = 0
        FROM fetched WHERE job.id = fetched.job_id RETURNING job.id`,
    );
    return rows.length > 0;
  }

  /** Ends the job for want of its video; what was downloaded of it goes. @returns as `renew` */
  async fail({ jobId, leaseId }: FetchLease, error: JobError): Promise<boolean> {
    const which = Prisma.sql`id = ${jobId} AND EXISTS (
      SELECT FROM jobs.job_fetch WHERE job_fetch.job_id = job.id AND job_fetch.lease_id = ${leaseId}::uuid)`;
    return (await this.endings.end(which, { state: 'failed', error })).length > 0;
  }

  /** Whether anybody may still want what was downloaded. */
  async isWanted(jobId: JobId): Promise<boolean> {
    const job = await orUnavailable(this.database.job.findUnique({ where: { id: jobId }, select: { state: true } }));
    return job?.state === 'queued' || job?.state === 'processing';
  }

  private async underLease({ jobId, leaseId }: FetchLease, fetchSets: Prisma.Sql, jobSets?: Prisma.Sql): Promise<boolean> {
    const rows = await orUnavailable(
      this.database.$queryRaw<unknown[]>`
        WITH ${openJob(jobId)},
        kept AS (
          UPDATE jobs.job_fetch SET ${fetchSets} FROM open_job
          WHERE job_id = open_job.id AND lease_id = ${leaseId}::uuid RETURNING job_id
        )
        ${jobSets ? Prisma.sql`, shown AS (UPDATE jobs.job SET ${jobSets} FROM kept WHERE job.id = kept.job_id)` : Prisma.empty}
        SELECT job_id FROM kept`,
    );
    return rows.length > 0;
  }
}

function openJob(jobId: JobId): Prisma.Sql {
  return Prisma.sql`open_job AS MATERIALIZED (SELECT id, tenant_id FROM jobs.job WHERE id = ${jobId} AND state = 'queued' FOR UPDATE)`;
}

/** The bytes count for the tenant's day when they are here: nobody knew them at the submit. */
function countedBytes(sizeBytes: number): Prisma.Sql {
  return Prisma.sql`counted AS (
      INSERT INTO jobs.usage_day (tenant_id, day, media_type, slot, bytes)
      SELECT tenant_id, (now() AT TIME ZONE 'UTC')::date, 'video', ${usageSlot}, ${sizeBytes}::bigint FROM open_job, fetched
      ON CONFLICT (tenant_id, day, media_type, slot) DO UPDATE SET bytes = usage_day.bytes + excluded.bytes
    )`;
}
