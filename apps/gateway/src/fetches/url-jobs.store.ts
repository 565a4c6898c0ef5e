import type { JobId } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable } from '@nightjar/database';
import { AppError, type Clock } from '@nightjar/runtime';
import type { KeyToTake } from '../idempotency/idempotency.store.js';
import type { NewJob } from '../jobs/insert-job.js';
import { refusalOf, type QuotaName } from '../quotas/quota-refusal.js';
import type { HeldQuota, QuotaBounds } from '../quotas/quotas.js';
import { TenantGroups } from '../quotas/tenant-groups.js';

/** Submits in one transaction. */
const submitsAtOnce = 64;

/** A job whose video is to be fetched. */
export interface NewUrlJob extends NewJob {
  sealedUrl: Uint8Array;
  /** Undefined: the request has none. */
  key: KeyToTake | undefined;
}

/** What became of a submit, and how the quotas stood before it. */
interface UrlJobAnswer {
  made: boolean;
  quotas: HeldQuota['quotas'];
}

interface SubmittedRow {
  made: JobId[];
  jobs_open_bound: number;
  jobs_open_used: number;
  jobs_per_day_bound: number;
  jobs_per_day_used: number;
  upload_bytes_per_day_bound: number;
  upload_bytes_per_day_used: number;
}

interface UrlJobStoreOptions {
  database: JobsDatabase;
  bounds: QuotaBounds;
  clock: Clock;
  /** Told once for all that were made together; there is at least one. */
  onMade: (jobIds: readonly JobId[]) => void;
}

/**
 * Makes jobs of URLs. Such a submit is whole when it comes, so nothing has to be held while a body is read: those of a tenant that came
 * while the former transaction was on its way are committed in one, each with its quota, its `Idempotency-Key`, event and download.
 */
export class UrlJobStore {
  private readonly groups = new TenantGroups<NewUrlJob, UrlJobAnswer>({
    atOnce: submitsAtOnce,
    ask: (tenantId, jobs) => this.insertAll(tenantId, jobs),
    // A row can be written once in a statement; the second of a kind hears of the first.
    nameOf: ({ key }) => key && `${key.owner} ${key.key}`,
  });

  constructor(private readonly options: UrlJobStoreOptions) {}

  /**
   * @param onQuotas hears how the quotas stand, also when one of them has no room
   * @throws AppError `conflict` when the `Idempotency-Key` is another request's, `rate_limited` that names the quota, `unavailable`
   */
  async insert(job: NewUrlJob, onQuotas: ((quotas: HeldQuota['quotas']) => void) | undefined): Promise<void> {
    const { made, quotas } = await this.groups.ask(job.owner.tenantId, job);
    onQuotas?.(quotas);
    if (made) return;
    const full = (Object.keys(quotas) as QuotaName[]).find((name) => quotas[name].limit > 0 && quotas[name].used >= quotas[name].limit);
    if (full) throw refusalOf(full, quotas[full], { nowUnixMs: this.options.clock.wallMs() });
    throw new AppError('conflict', 'another request has the Idempotency-Key', { retryAfterMs: 1_000 });
  }

  private async insertAll(tenantId: number, jobs: readonly NewUrlJob[]): Promise<UrlJobAnswer[]> {
    const { database, bounds, onMade } = this.options;
    const [row] = await orUnavailable(
      database.$planned<SubmittedRow>`
        SELECT made, jobs_open_bound::float8, jobs_open_used::float8,
          jobs_per_day_bound::float8, jobs_per_day_used::float8, upload_bytes_per_day_bound::float8, upload_bytes_per_day_used::float8
        FROM jobs.submit_by_url(
          ${tenantId}::int, ${JSON.stringify(jobs.map(submitRow))}::json, ${jobs.length}::int,
          ${bounds.jobsOpenMax}::int, ${bounds.jobsPerDayMax}::int, ${bounds.uploadBytesPerDayMax}::bigint)`,
    );
    if (!row) return [];
    if (row.made.length > 0) onMade(row.made);
    const made = new Set(row.made);
    let madeBefore = 0;
    return jobs.map(({ id }) => {
      const answer = { made: made.has(id), quotas: quotasOf(row, madeBefore) };
      if (answer.made) madeBefore++;
      return answer;
    });
  }
}

/** As the columns of `jobs.submit_by_url` are called; bytes in hexadecimal. */
function submitRow({ id, owner, maxProcessingSeconds, webhook, sealedUrl, key }: NewUrlJob): object {
  return {
    id,
    api_key_id: owner.apiKeyId,
    user_id: owner.userId,
    face_embeddings: owner.faceEmbeddings,
    max_processing_seconds: maxProcessingSeconds,
    webhook_url: webhook?.url,
    webhook_secret: webhook?.sealedSecret && hex(webhook.sealedSecret),
    url: hex(sealedUrl),
    key_owner: key?.owner,
    key: key?.key,
    lock_id: key?.lockId,
    fingerprint: key && hex(key.fingerprint),
    kept_ms: key?.keptMs,
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function quotasOf(row: SubmittedRow, madeBefore: number): HeldQuota['quotas'] {
  return {
    'jobs-open': { limit: row.jobs_open_bound, used: row.jobs_open_used + madeBefore },
    'jobs-per-day': { limit: row.jobs_per_day_bound, used: row.jobs_per_day_used + madeBefore },
    'upload-bytes-per-day': { limit: row.upload_bytes_per_day_bound, used: row.upload_bytes_per_day_used },
  };
}
