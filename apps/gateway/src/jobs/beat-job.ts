import { type JobsDatabase, orUnavailable, Prisma } from '@nightjar/database';
import { isLate } from './end-jobs.js';
import { storedText } from './stored-values.js';

/** What names one attempt at a job. */
export interface Attempt {
  jobId: string;
  /** Fencing token of the attempt. */
  lease: string;
}

/**
 * SQL: the job is in this attempt, and in no later one. A lease that ran out counts until somebody else takes the job. Only a job in
 * `processing` has a lease; its state is not asked for, or the planner might look for it in the index of leases, among the dead entries
 * of all jobs since that was last vacuumed.
 */
export function isInAttempt({ jobId, lease }: Attempt): Prisma.Sql {
  return Prisma.sql`id = ${jobId} AND lease_id = ${lease}::uuid`;
}

/**
 * Renews a lease and notes how far the attempt is.
 * @returns undefined when the attempt is not the current one
 */
export async function renewLease(
  database: JobsDatabase,
  options: Attempt & { progress: number; stage: string; leaseMs: number },
): Promise<{ tenantId: number; cancelRequested: boolean; late: boolean } | undefined> {
  const [row] = await orUnavailable(
    database.$planned<{ tenant_id: number; cancel_requested: boolean; late: boolean }>`
      UPDATE jobs.job SET lease_until = now() + ${options.leaseMs} * interval '1 ms', progress = ${options.progress}, stage = ${storedText(options.stage)}
      WHERE ${isInAttempt(options)}
      RETURNING tenant_id, cancel_requested, ${isLate} AS late`,
  );
  return row && { tenantId: row.tenant_id, cancelRequested: row.cancel_requested, late: row.late };
}
