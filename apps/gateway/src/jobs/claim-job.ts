import { randomUUID } from 'node:crypto';
import type { MediaType, Work } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable, Prisma } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import { endedWith, isLate, toldOf, type EndedJob, type EndOptions } from './end-jobs.js';
import { nowAsStored, storedText } from './stored-values.js';

const holderLengthMax = 128;

/** Who asks for work. */
export interface Claimant {
  agentId: string;
  leaseMs: number;
}

interface ClaimedRow {
  id: string;
  media_type: MediaType;
  attempt: number;
  media_file: string | null;
  processing_ms_left: number | null;
  items: { index: number; file: string }[] | null;
}

/**
 * Leases the job that has waited longest to an agent. SKIP LOCKED: agents that ask at the same moment get different jobs and
 * never wait for each other. The lease's id is new with every attempt and fences the former one off; what that one had delivered
 * in parts is removed.
 * @returns null when no job waits
 */
export async function claimWork(database: JobsDatabase, claimant: Claimant): Promise<Work | null> {
  const lease = randomUUID();
  const [row] = await orUnavailable(
    database.$planned<ClaimedRow>`
      WITH ${claimedBy(claimant, { lease, onlyIf: Prisma.sql`true` })}, ${toldOf(Prisma.sql`claimed`)} SELECT ${workColumns} FROM claimed`,
  );
  return row ? workOf(row, { lease, leaseMs: claimant.leaseMs }) : null;
}

/**
 * Ends a job and leases the next one to the agent that worked on it: one statement, so that both wait once for the disk. Who ended
 * none gets none: an answer that was not heard and is asked for again leases nothing.
 * @param options as of `endJobs`, of one job
 * @returns `ended` is null when the job had ended before, `next` when no job waits
 */
export async function endAndClaim(
  database: JobsDatabase,
  options: EndOptions,
  claimant: Claimant,
): Promise<{ ended: EndedJob | null; next: Work | null }> {
  const lease = randomUUID();
  const [row] = await orUnavailable(
    database.$planned<{ ended_id: string; has_webhook: boolean } & (ClaimedRow | { id: null })>`
      WITH ${endedWith(options)}, ${claimedBy(claimant, { lease, onlyIf: Prisma.sql`EXISTS (SELECT FROM ended)` })},
        moved AS (SELECT tenant_id, id, state FROM ended UNION ALL SELECT tenant_id, id, state FROM claimed), ${toldOf(Prisma.sql`moved`)}
      SELECT ended.id AS ended_id, ended.webhook_url IS NOT NULL AS has_webhook, next.*
      FROM ended LEFT JOIN (SELECT ${workColumns} FROM claimed) AS next ON true`,
  );
  if (!row) return { ended: null, next: null };
  const ended = { id: row.ended_id, hasWebhook: row.has_webhook };
  return { ended, next: row.id === null ? null : workOf(row, { lease, leaseMs: claimant.leaseMs }) };
}

/** CTE of a claim, to which `toldOf` belongs; the job's row is `claimed`. */
function claimedBy({ agentId, leaseMs }: Claimant, { lease, onlyIf }: { lease: string; onlyIf: Prisma.Sql }): Prisma.Sql {
  return Prisma.sql`claimed AS (
        UPDATE jobs.job SET
          state = 'processing', attempt = attempt + 1, started_at = coalesce(started_at, now()), progress = 0, stage = NULL,
          lease_id = ${lease}::uuid, lease_until = now() + ${leaseMs} * interval '1 ms', lease_holder = ${storedText(agentId).slice(0, holderLengthMax)}
        WHERE id = (
          SELECT id FROM jobs.job
          WHERE state = 'queued' AND (media_type = 'image' OR media_file IS NOT NULL) AND run_after <= ${nowAsStored} AND ${isLate} IS NOT TRUE AND ${onlyIf}
          ORDER BY run_after, id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING id, tenant_id, media_type, state, attempt, media_file, started_at, max_processing_seconds
      )`;
}

const workColumns = Prisma.sql`id, media_type, attempt, media_file,
        CASE WHEN max_processing_seconds > 0
          THEN round(extract(epoch FROM started_at - now()) * 1000 + max_processing_seconds * 1000.0)::float8 END AS processing_ms_left,
        (SELECT json_agg(json_build_object('index', item."index", 'file', item.media_file) ORDER BY item."index")
          FROM jobs.job_item AS item WHERE item.job_id = claimed.id AND item.state = 'queued') AS items`;

function workOf(row: ClaimedRow, { lease, leaseMs }: { lease: string; leaseMs: number }): Work {
  const attempt = {
    job_id: row.id,
    lease,
    attempt: row.attempt,
    lease_ms: leaseMs,
    processing_ms_left: row.processing_ms_left === null ? null : Math.max(0, row.processing_ms_left),
  };
  if (row.media_type === 'image') return { media_type: 'image', ...attempt, items: row.items ?? [] };
  if (row.media_file === null) throw new AppError('internal', `video job ${row.id} names no file`);
  return { media_type: 'video', ...attempt, file: row.media_file };
}
