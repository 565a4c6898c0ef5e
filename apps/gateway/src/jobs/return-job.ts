import { type JobsDatabase, orUnavailable } from '@nightjar/database';
import { isInAttempt, type Attempt } from './beat-job.js';

/** A job that came back more often than this uses up attempts, so that one that drives its workers away comes to an end. */
export const freeReturnsMax = 100;
/** The first return waits for nobody: another agent may be free. From then on 1, 3, 7, 15, then 30 s. */
const returnDelaySecondsMax = 30;

/**
 * Puts a job back into the queue that its agent can't go on with through no fault of the job.
 * @returns how long it waits, or undefined when the attempt is not the current one or was the last, or the job is to be cancelled
 */
export async function returnToQueue(database: JobsDatabase, attempt: Attempt): Promise<{ delaySeconds: number } | undefined> {
  const [row] = await orUnavailable(
    database.$queryRaw<{ delay_seconds: number }[]>`
      WITH returned AS (
        UPDATE jobs.job SET
          state = 'queued', lease_id = NULL, lease_until = NULL, lease_holder = NULL, stage = NULL,
          attempt = CASE WHEN times_returned < ${freeReturnsMax} THEN attempt - 1 ELSE attempt END,
          times_returned = times_returned + 1,
          run_after = now() + interval '1 second' * least(${returnDelaySecondsMax}, power(2, least(times_returned, 10)) - 1)
        WHERE ${isInAttempt(attempt)} AND NOT cancel_requested AND (times_returned < ${freeReturnsMax} OR attempt < attempts_max)
        RETURNING id, tenant_id, state, run_after
      ),
      told AS (INSERT INTO jobs.job_event (tenant_id, job_id, state) SELECT tenant_id, id, state FROM returned)
      SELECT round(extract(epoch FROM run_after - now()))::int AS delay_seconds FROM returned`,
  );
  return row && { delaySeconds: row.delay_seconds };
}
