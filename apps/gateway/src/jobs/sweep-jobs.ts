import { type JobsDatabase, orUnavailable, Prisma } from '@nightjar/database';
import { endJobs, isLate, type EndedJob } from './end-jobs.js';
import { jobErrors } from './job-error.js';

/** Jobs that one pass moves per cause; more wait for the next pass. Keeps statements and locks short. */
const movedMax = 200;

export interface SweepResult {
  ended: EndedJob[];
  requeued: string[];
}

const leaseRanOut = Prisma.sql`state = 'processing' AND lease_until < now()`;

/** SQL: the jobs that meet a condition and that nobody else moves at the moment; the lock checks the condition once more. */
function free(condition: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`id IN (SELECT id FROM jobs.job WHERE ${condition} LIMIT ${movedMax} FOR UPDATE SKIP LOCKED)`;
}

/**
 * Moves what nobody else moves: jobs over their processing bound, whether an agent works on them or not, and jobs whose agent
 * fell silent. Any number of gateways may sweep at once.
 */
export async function sweepJobs(database: JobsDatabase, { retentionMs }: { retentionMs: number }): Promise<SweepResult> {
  const late = await endJobs(database, {
    which: free(Prisma.sql`state IN ('queued', 'processing') AND started_at IS NOT NULL AND ${isLate}`),
    ending: { state: 'failed', error: jobErrors.processingTimeExceeded },
    retentionMs,
  });
  const cancelled = await endJobs(database, {
    which: free(Prisma.sql`${leaseRanOut} AND cancel_requested`),
    ending: { state: 'cancelled', error: jobErrors.cancelled },
    retentionMs,
  });
  const exhausted = await endJobs(database, {
    which: free(Prisma.sql`${leaseRanOut} AND attempt >= attempts_max`),
    ending: { state: 'failed', error: jobErrors.attemptsExhausted },
    retentionMs,
  });
  return { ended: [...late, ...cancelled, ...exhausted], requeued: await requeueSilent(database) };
}

/** The conditions are whole: a lease may run out after the statements that end jobs and before this one. */
async function requeueSilent(database: JobsDatabase): Promise<string[]> {
  const rows = await orUnavailable(
    database.$queryRaw<{ id: string }[]>`
      WITH requeued AS (
        UPDATE jobs.job SET state = 'queued', lease_id = NULL, lease_until = NULL, lease_holder = NULL, stage = NULL
        WHERE ${free(Prisma.sql`${leaseRanOut} AND attempt < attempts_max AND NOT cancel_requested`)}
        RETURNING id, tenant_id, state
      ),
      told AS (INSERT INTO jobs.job_event (tenant_id, job_id, state) SELECT tenant_id, id, state FROM requeued)
      SELECT id FROM requeued`,
  );
  return rows.map(({ id }) => id);
}
