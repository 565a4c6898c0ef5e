import type { ItemOutcome, JobError } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable, Prisma } from '@nightjar/database';
import { jobErrors } from './job-error.js';
import { statesBefore, type TerminalState } from './job-state.js';
import { storedError, storedJson } from './stored-values.js';

/** SQL: the job is over its processing bound. Null, not false, before its first attempt. */
export const isLate = Prisma.sql`(max_processing_seconds > 0 AND now() > started_at + max_processing_seconds * interval '1 second')`;

/** How jobs end, and with what. */
export interface JobEnding {
  state: TerminalState;
  /** Of a finished video. */
  result?: unknown;
  error?: JobError;
  /** Of an image batch; a picture without an outcome fails with the job's error. */
  items?: readonly ItemOutcome[];
}

/**
 * The only way into a terminal state: one statement that ends the jobs that meet `which`, and their open items with them.
 * What a job's end brings about (a webhook delivery) belongs into the same statement, so that both happen or neither.
 * @param options.which condition on `jobs.job`; a job that has ended already stays as it is
 * @returns ids of the jobs that this call ended
 */
export async function endJobs(database: JobsDatabase, options: { which: Prisma.Sql; ending: JobEnding }): Promise<string[]> {
  const { which, ending } = options;
  const error = ending.error && storedError(ending.error);
  const openItemError = error ?? jobErrors.noItemResult;
  const rows = await orUnavailable(
    database.$queryRaw<{ id: string }[]>`
      WITH ended AS (
        UPDATE jobs.job SET
          state = ${ending.state}::jobs.job_state,
          result = ${ending.result === undefined ? null : storedJson(ending.result)}::json,
          error_code = ${error?.code ?? null},
          error_message = ${error?.message ?? null},
          progress = CASE ${ending.state} WHEN 'finished' THEN 1 ELSE progress END,
          stage = NULL, lease_id = NULL, lease_until = NULL, lease_holder = NULL, finished_at = now()
        WHERE state = ANY(${statesBefore(ending.state)}::text[]::jobs.job_state[]) AND (${which})
        RETURNING id
      ), outcome AS (
        SELECT * FROM json_to_recordset(${storedJson((ending.items ?? []).map(outcomeRow))}::json)
          AS o("index" int, state text, result json, error_code text, error_message text)
      ), ended_item AS (
        UPDATE jobs.job_item AS item SET
          state = coalesce(outcome.state, 'failed')::jobs.job_state,
          result = outcome.result,
          error_code = CASE WHEN outcome.state IS NULL THEN ${openItemError.code} ELSE outcome.error_code END,
          error_message = CASE WHEN outcome.state IS NULL THEN ${openItemError.message} ELSE outcome.error_message END
        FROM ended
          JOIN jobs.job_item AS open_item ON open_item.job_id = ended.id AND open_item.state IN ('queued', 'processing')
          LEFT JOIN outcome ON outcome."index" = open_item."index"
        WHERE item.job_id = open_item.job_id AND item."index" = open_item."index"
      )
      SELECT id FROM ended`,
  );
  return rows.map(({ id }) => id);
}

function outcomeRow(outcome: ItemOutcome): object {
  const { index, state } = outcome;
  if (outcome.state === 'finished') return { index, state, result: outcome.result };
  const error = storedError(outcome.error);
  return { index, state, error_code: error.code, error_message: error.message };
}
