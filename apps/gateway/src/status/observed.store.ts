import type { MediaType } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable } from '@nightjar/database';

/** A rolling mean over the newest jobs that have together at least so many units. */
const unitsObservedMin = 500;
/** And over no more jobs than this, however short their videos are. */
const jobsObservedMax = 500;
/** Waits that are looked at. */
const waitsMax = 10_000;

/** What finished jobs of a media type took. */
export interface ObservedJobs {
  /** Seconds of video, or pictures. */
  units: number;
  msPerUnit: number;
  /** Of a whole job, on average. */
  msPerJob: number;
}

/** How long the jobs that began within the last five minutes had waited, in seconds; null without any. */
interface ObservedWaits {
  jobs: number;
  p50Seconds: number | null;
  p95Seconds: number | null;
}

/** What the rows of all tenants' jobs tell of the system. */
export class ObservedStore {
  constructor(private readonly database: JobsDatabase) {}

  /** @returns undefined before the first job of this media type has ended */
  async findLatency(mediaType: MediaType): Promise<ObservedJobs | undefined> {
    const [row] = await orUnavailable(
      this.database.$queryRaw<{ units: number | null; ms_per_unit: number; ms_per_job: number }[]>`
        SELECT sum(media_units)::float8 AS units, sum(processing_ms)::float8 / sum(media_units) AS ms_per_unit, avg(processing_ms)::float8 AS ms_per_job
        FROM (
          SELECT media_units, processing_ms, coalesce(sum(media_units) OVER newer, 0) AS units_newer
          FROM (
            SELECT media_units::float8, processing_ms, finished_at FROM jobs.job
            WHERE media_type = ${mediaType}::jobs.media_type AND state = 'finished' AND media_units > 0 AND processing_ms IS NOT NULL
            ORDER BY finished_at DESC LIMIT ${jobsObservedMax}
          ) AS newest
          WINDOW newer AS (ORDER BY finished_at DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ) AS counted
        WHERE units_newer < ${unitsObservedMin}`,
    );
    return row?.units ? { units: row.units, msPerUnit: row.ms_per_unit, msPerJob: row.ms_per_job } : undefined;
  }

  async countOpen(): Promise<{ mediaType: MediaType; state: 'queued' | 'processing'; jobs: number }[]> {
    return orUnavailable(
      this.database.$queryRaw`
        SELECT media_type AS "mediaType", state, count(*)::int AS jobs FROM jobs.job WHERE state IN ('queued', 'processing') GROUP BY media_type, state`,
    );
  }

  /** Of jobs that run or have finished; what has failed or was cancelled is not looked at. */
  async findWaits(): Promise<ObservedWaits> {
    const [row] = await orUnavailable(
      this.database.$queryRaw<ObservedWaits[]>`
        SELECT count(*)::int AS jobs,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS "p50Seconds", percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS "p95Seconds"
        FROM (
          SELECT extract(epoch FROM started_at - created_at)::float8 AS seconds
          FROM (
            SELECT started_at, created_at FROM jobs.job WHERE state = 'processing'
            UNION ALL
            SELECT started_at, created_at FROM jobs.job
            WHERE state = 'finished' AND media_units > 0 AND media_type IN ('video', 'image') AND finished_at > now() - interval '5 minutes'
          ) AS begun
          WHERE started_at > now() - interval '5 minutes' LIMIT ${waitsMax}
        ) AS waits`,
    );
    return row ?? { jobs: 0, p50Seconds: null, p95Seconds: null };
  }
}
