import type { ItemOutcome, JobError } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable, Prisma } from '@nightjar/database';
import { usageSlot } from '../quotas/count-usage.js';
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
  /** What was analysed of the one job that ends so: seconds of a video, finished pictures of a batch. */
  mediaUnits?: number;
}

export interface EndOptions {
  /** Condition on `jobs.job`; a job that has ended already stays as it is. */
  which: Prisma.Sql;
  ending: JobEnding;
  /** How long the job can be read from now on. */
  retentionMs: number;
}

export interface EndedJob {
  id: string;
  /** A message waits for its receiver. */
  hasWebhook: boolean;
}

/** Ends the jobs that meet `which`. @returns those that this call ended */
export function endJobs(database: Pick<JobsDatabase, '$planned'>, options: EndOptions): Promise<EndedJob[]> {
  return orUnavailable(
    database.$planned<EndedJob>`
      WITH ${endedWith(options)}, ${toldOf(Prisma.sql`ended`)} SELECT id, webhook_url IS NOT NULL AS "hasWebhook" FROM ended`,
  );
}

/**
 * The only way into a terminal state: CTEs of one statement that ends the jobs that meet `which`, and their open items with them. What a
 * job's end brings about stands in the same statement, so that all of it happens or nothing: its webhook message, what the tenant used,
 * the day on which it is removed; `toldOf` belongs to it. The jobs' rows are `ended`.
 */
export function endedWith({ which, ending, retentionMs }: EndOptions): Prisma.Sql {
  const error = ending.error && storedError(ending.error);
  return Prisma.sql`ended AS (
        UPDATE jobs.job SET
          state = ${ending.state}::jobs.job_state,
          result = ${ending.result === undefined ? null : storedJson(ending.result)}::json,
          error_code = ${error?.code ?? null},
          error_message = ${error?.message ?? null},
          progress = CASE ${ending.state} WHEN 'finished' THEN 1 ELSE progress END,
          media_units = ${ending.mediaUnits ?? null}::real,
          processing_ms = extract(epoch FROM now() - started_at) * 1000,
          stage = NULL, lease_id = NULL, lease_until = NULL, lease_holder = NULL, finished_at = now(),
          expires_at = now() + ${retentionMs} * interval '1 ms'
        WHERE state = ANY(${statesBefore(ending.state)}::text[]::jobs.job_state[]) AND (${which})
        RETURNING id, tenant_id, media_type, state, media_units, webhook_url
      ),
      ${ending.result === undefined ? Prisma.sql`${endedItems(ending, error ?? jobErrors.noItemResult)}, ${endedDownloads},` : Prisma.empty}
      ${webhookMessages}${ending.mediaUnits ? Prisma.sql`, ${usedUnits}` : Prisma.empty}`;
}

/** CTEs of every move of jobs: listeners hear of it, and what a former attempt had delivered in parts is removed. */
export function toldOf(moved: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`told AS (INSERT INTO jobs.job_event (tenant_id, job_id, state) SELECT tenant_id, id, state FROM ${moved}),
      forgotten AS (DELETE FROM jobs.job_result_part AS part USING ${moved} WHERE part.job_id = ${moved}.id)`;
}

function endedItems(ending: JobEnding, openItemError: JobError): Prisma.Sql {
  return Prisma.sql`outcome AS (
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
      )`;
}

/** A video that has a result was there before, and its download gone. */
const endedDownloads = Prisma.sql`fetched AS (DELETE FROM jobs.job_fetch AS download USING ended WHERE download.job_id = ended.id)`;

/** Ids without a dot, as Standard Webhooks asks; `origin` is scheme, host and port of the receiver. */
const webhookMessages = Prisma.sql`message AS (
        INSERT INTO jobs.webhook_delivery (id, job_id, tenant_id, origin)
        SELECT 'msg_' || gen_random_uuid(), id, tenant_id, lower(substring(webhook_url FROM '^[A-Za-z]+://[^/?#]+'))
        FROM ended WHERE webhook_url IS NOT NULL
      )`;

const usedUnits = Prisma.sql`used AS (
        INSERT INTO jobs.usage_day (tenant_id, day, media_type, slot, media_units)
        SELECT tenant_id, (now() AT TIME ZONE 'UTC')::date, media_type, ${usageSlot}, media_units FROM ended
        ON CONFLICT (tenant_id, day, media_type, slot) DO UPDATE SET media_units = usage_day.media_units + excluded.media_units
      )`;

function outcomeRow(outcome: ItemOutcome): object {
  const { index, state } = outcome;
  if (outcome.state === 'finished') return { index, state, result: outcome.result };
  const error = storedError(outcome.error);
  return { index, state, error_code: error.code, error_message: error.message };
}
