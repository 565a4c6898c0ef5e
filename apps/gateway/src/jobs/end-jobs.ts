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
  /** What was analysed: seconds of a video, finished pictures of a batch. */
  mediaUnits?: number;
}

export interface EndedJob {
  id: string;
  /** Somebody asked for a webhook, and its message waits. */
  hasMessage: boolean;
}

/**
 * Ends the jobs that meet `which`, and their open items with them. The function that it calls sees the chosen jobs as they are once
 * they are locked.
 * @param options.which condition on `jobs.job`; a job that has ended already stays as it is
 * @param options.retentionMs how long the job can be read from now on
 * @returns the jobs that this call ended
 */
export function endJobs(
  database: Pick<JobsDatabase, '$planned'>,
  options: { which: Prisma.Sql; ending: JobEnding; retentionMs: number },
): Promise<EndedJob[]> {
  const { which, ending, retentionMs } = options;
  return orUnavailable(
    database.$planned<EndedJob>`
      SELECT id, has_message AS "hasMessage" FROM jobs.end_jobs((
        SELECT json_agg(${storedJson(endingRow(ending))}::jsonb || jsonb_build_object('job_id', id))
        FROM (SELECT id FROM jobs.job WHERE state = ANY(${statesBefore(ending.state)}::text[]::jobs.job_state[]) AND (${which}) FOR UPDATE) AS chosen
      ), ${retentionMs}::float8)`,
  );
}

/** An ending as `jobs.end_jobs` reads it. */
export function endingRow(ending: JobEnding): object {
  const error = ending.error && storedError(ending.error);
  const openItemError = error ?? jobErrors.noItemResult;
  return {
    state: ending.state,
    result: ending.result,
    error_code: error?.code,
    error_message: error?.message,
    media_units: ending.mediaUnits,
    items: ending.items?.map(outcomeRow),
    open_item_code: openItemError.code,
    open_item_message: openItemError.message,
  };
}

function outcomeRow(outcome: ItemOutcome): object {
  const { index, state } = outcome;
  if (outcome.state === 'finished') return { index, state, result: outcome.result };
  const error = storedError(outcome.error);
  return { index, state, error_code: error.code, error_message: error.message };
}
