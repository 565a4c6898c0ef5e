import { FinishedOutcome } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable } from '@nightjar/database';
import { jsonOrUndefined } from '@nightjar/runtime';
import { isInAttempt, type Attempt } from './beat-job.js';

/**
 * Keeps a piece of an outcome that is too large for one message. The job's row is locked meanwhile, so that none is kept of an
 * attempt that ends at the same moment; they all go with its end.
 * @returns false when the attempt is not the current one
 */
export async function storeOutcomePart(database: JobsDatabase, attempt: Attempt, piece: { part: number; text: string }): Promise<boolean> {
  const rows = await orUnavailable(
    database.$queryRaw<unknown[]>`
      INSERT INTO jobs.job_result_part (job_id, lease_id, part, data)
      SELECT id, lease_id, ${piece.part}::int, ${Buffer.from(piece.text, 'utf8')}::bytea FROM jobs.job WHERE ${isInAttempt(attempt)} FOR SHARE
      ON CONFLICT (job_id, lease_id, part) DO UPDATE SET data = excluded.data
      RETURNING part`,
  );
  return rows.length > 0;
}

/**
 * Puts an outcome together from its pieces. What an agent says is parsed as anywhere else.
 * @param parts how many pieces there are
 * @returns undefined when pieces are missing, or when they make no outcome
 */
export async function assembleOutcome(database: JobsDatabase, attempt: Attempt, parts: number): Promise<FinishedOutcome | undefined> {
  const rows = await orUnavailable(
    database.jobResultPart.findMany({
      where: { jobId: attempt.jobId, leaseId: attempt.lease, part: { lt: parts } },
      orderBy: { part: 'asc' },
      select: { data: true },
    }),
  );
  if (rows.length !== parts) return undefined;
  return FinishedOutcome.safeParse(jsonOrUndefined(Buffer.concat(rows.map(({ data }) => data)))).data;
}
