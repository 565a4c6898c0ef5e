import type { MediaType } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable } from '@nightjar/database';
import type { QuotaName, QuotaState } from './quota-refusal.js';
import type { QuotaBounds } from './quotas.js';
import type { UsagePeriod } from './usage-query.js';

/** What a tenant used on a day. */
export interface UsedDay {
  /** `2026-11-22`, of UTC. */
  day: string;
  mediaType: MediaType;
  jobs: number;
  images: number;
  bytes: number;
  /** Seconds of video, or pictures, that were analysed. */
  mediaUnits: number;
}

/** What tenants used, and what their quotas are. */
export class UsageStore {
  constructor(
    private readonly database: JobsDatabase,
    private readonly bounds: QuotaBounds,
  ) {}

  /** Oldest first; a day without use is left out. @throws AppError `unavailable` */
  async findDays(tenantId: number, { from, to }: UsagePeriod): Promise<UsedDay[]> {
    return orUnavailable(
      this.database.$queryRaw`
        SELECT to_char(day, 'YYYY-MM-DD') AS day, media_type AS "mediaType", sum(jobs)::float8 AS jobs, sum(images)::float8 AS images,
          sum(bytes)::float8 AS bytes, sum(media_units)::float8 AS "mediaUnits"
        FROM jobs.usage_day WHERE tenant_id = ${tenantId} AND day BETWEEN ${from}::date AND ${to}::date
        GROUP BY day, media_type ORDER BY day, media_type`,
    );
  }

  /** As a submit would find them now; `limit` 0: unbounded. @throws AppError `unavailable` */
  async findQuotas(tenantId: number): Promise<Record<QuotaName, QuotaState>> {
    const { database, bounds } = this;
    const [tenant, [used]] = await orUnavailable(
      Promise.all([
        database.tenant.findUnique({ where: { id: tenantId } }),
        database.$queryRaw<{ open: number; held: number; held_bytes: number; jobs: number; bytes: number }[]>`
          SELECT
            (SELECT count(*)::float8 FROM jobs.job WHERE tenant_id = ${tenantId} AND state IN ('queued', 'processing')) AS open,
            held.jobs AS held, held.bytes AS held_bytes, today.jobs, today.bytes
          FROM (SELECT count(*)::float8 AS jobs, coalesce(sum(bytes), 0)::float8 AS bytes
              FROM jobs.quota_reservation WHERE tenant_id = ${tenantId} AND expires_at > now()) AS held,
            (SELECT coalesce(sum(jobs), 0)::float8 AS jobs, coalesce(sum(bytes), 0)::float8 AS bytes
              FROM jobs.usage_day WHERE tenant_id = ${tenantId} AND day = (now() AT TIME ZONE 'UTC')::date) AS today`,
      ]),
    );
    const { open = 0, held = 0, held_bytes = 0, jobs = 0, bytes = 0 } = used ?? {};
    return {
      'jobs-open': { limit: tenant?.jobsOpenMax ?? bounds.jobsOpenMax, used: open + held },
      'jobs-per-day': { limit: tenant?.jobsPerDayMax ?? bounds.jobsPerDayMax, used: jobs + held },
      'upload-bytes-per-day': {
        limit: Number(tenant?.uploadBytesPerDayMax ?? bounds.uploadBytesPerDayMax),
        used: bytes + held_bytes,
      },
    };
  }
}
