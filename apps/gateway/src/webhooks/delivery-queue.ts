import { deliveryColumnsAfter, type JobsDatabase, orUnavailable, Prisma } from '@nightjar/database';
import type { AttemptOutcome, ClaimedDelivery, ClaimOptions } from '@nightjar/webhooks';
import { nowAsStored, storedText } from '../jobs/stored-values.js';

/** A message of a job's end. */
export interface ClaimedJobDelivery extends ClaimedDelivery {
  jobId: string;
  tenantId: number;
  sealedSecret: Uint8Array | null;
}

/** SQL: as the indexes on waiting messages say it, word for word. */
const waits = Prisma.sql`(state = 'pending' OR redeliver_at IS NOT NULL)`;
const isDue = Prisma.sql`${waits} AND is_due`;
const dueAt = Prisma.sql`coalesce(redeliver_at, run_after)`;
const isFree = Prisma.sql`(lease_id IS NULL OR lease_until <= now())`;

/** Messages whose time comes at once, as after hours without a gateway: the others follow with the next claim. */
const dueAtOnceMax = 1_000;

/** Marks what waited for its next attempt and whose time has come. Claims look at nothing else, so that receivers with nothing due cost none of them anything. */
export async function markDue(database: JobsDatabase): Promise<void> {
  await orUnavailable(
    database.$planned`
      UPDATE jobs.webhook_delivery SET is_due = true WHERE id = ANY(ARRAY(
        SELECT id FROM jobs.webhook_delivery WHERE ${waits} AND NOT is_due AND ${dueAt} <= ${nowAsStored} ORDER BY ${dueAt} LIMIT ${dueAtOnceMax} FOR UPDATE SKIP LOCKED))`,
  );
}

/** What one look at the due messages came to. */
interface ClaimedWindow {
  claimed: ClaimedJobDelivery[];
  /** The last origin that was looked at; null: behind it none is left. */
  lastOrigin: string | null;
}

type WindowRow = { origins: number; lastOrigin: string | null } & (ClaimedJobDelivery | { id: null });

/**
 * Leases messages that are due. Any number of gateways may ask at once: each message goes to one. What one receiver has in store
 * never hides what waits for others: the statement goes from origin to origin through the index of due messages, takes few of each, and prefers
 * origins that have the fewest messages on their way.
 * @param window.after the origin behind which to begin; '' for the first
 * @param window.originsMax how many origins to look at
 */
export async function claimDeliveries(
  database: JobsDatabase,
  options: ClaimOptions,
  window: { after: string; originsMax: number },
): Promise<ClaimedWindow> {
  const { limit, perOrigin, slowOrigins, slowLimit, leaseMs } = options;
  const { after, originsMax } = window;
  const rows = await orUnavailable(
    database.$planned<WindowRow>`
      WITH RECURSIVE waiting_origin AS (
        (SELECT origin, 1 AS place FROM jobs.webhook_delivery WHERE ${isDue} AND origin > ${after} ORDER BY origin LIMIT 1)
        UNION ALL
        SELECT (SELECT origin FROM jobs.webhook_delivery WHERE ${isDue} AND origin > former.origin ORDER BY origin LIMIT 1), place + 1
        FROM waiting_origin AS former WHERE former.origin IS NOT NULL AND place < ${originsMax}
      ),
      busy AS (
        SELECT origin, count(*)::int AS messages FROM jobs.webhook_delivery
        WHERE lease_id IS NOT NULL AND lease_until > now() GROUP BY origin
      ),
      candidate AS (
        SELECT due.id, due.at, origin = ANY(${slowOrigins}::text[]) AS is_slow, coalesce(busy.messages, 0) + row_number() OVER (PARTITION BY origin ORDER BY due.at) AS turn
        FROM waiting_origin LEFT JOIN busy USING (origin) CROSS JOIN LATERAL (
          SELECT id, ${dueAt} AS at FROM jobs.webhook_delivery AS delivery
          WHERE ${isDue} AND delivery.origin = waiting_origin.origin AND ${dueAt} <= ${nowAsStored} AND ${isFree}
          ORDER BY ${dueAt} LIMIT greatest(${perOrigin} - coalesce(busy.messages, 0), 0) FOR UPDATE SKIP LOCKED
        ) AS due
        WHERE waiting_origin.origin IS NOT NULL
      ),
      placed AS (SELECT id, at, turn, is_slow, row_number() OVER (PARTITION BY is_slow ORDER BY turn, at) AS place FROM candidate),
      claimed AS (
        UPDATE jobs.webhook_delivery AS delivery SET lease_id = gen_random_uuid(), lease_until = now() + ${leaseMs} * interval '1 ms'
        FROM (SELECT id FROM placed WHERE NOT is_slow OR place <= ${slowLimit} ORDER BY turn, at LIMIT ${limit}) AS chosen, jobs.job
        WHERE delivery.id = chosen.id AND job.id = delivery.job_id
        RETURNING delivery.id, delivery.job_id AS "jobId", delivery.tenant_id AS "tenantId", delivery.origin, delivery.lease_id AS lease,
          delivery.attempt + 1 AS attempt, delivery.redeliver_at IS NOT NULL AS manual, job.webhook_url AS url, job.webhook_secret AS "sealedSecret",
          (SELECT count(*)::int FROM jobs.webhook_attempt AS past WHERE past.delivery_id = delivery.id AND NOT past.manual) AS "scheduledBefore"
      )
      SELECT walked.*, claimed.* FROM (SELECT count(origin)::int AS origins, max(origin) AS "lastOrigin" FROM waiting_origin) AS walked
        LEFT JOIN claimed ON true`,
  );
  const [walked] = rows;
  const isMore = walked !== undefined && walked.origins >= originsMax;
  return {
    claimed: rows.filter((row): row is WindowRow & ClaimedJobDelivery => row.id !== null),
    lastOrigin: isMore ? walked.lastOrigin : null,
  };
}

/**
 * Writes what became of an attempt, in one statement with its line in the delivery log.
 * @returns false when the lease ran out and the message is somebody else's, or gone with its job
 */
export async function recordAttempt(database: JobsDatabase, claimed: ClaimedJobDelivery, outcome: AttemptOutcome): Promise<boolean> {
  const { id, lease, attempt, manual } = claimed;
  const { status, error, answer, durationMs } = outcome;
  const recorded = await orUnavailable(
    database.$planned`
      WITH held AS (
        UPDATE jobs.webhook_delivery SET ${deliveryColumnsAfter(outcome.verdict, manual)},
          is_due = false, attempt = ${attempt}, last_error = ${error}, lease_id = NULL, lease_until = NULL
        WHERE id = ${id} AND lease_id = ${lease}::uuid
        RETURNING id
      )
      INSERT INTO jobs.webhook_attempt (delivery_id, attempt, at, duration_ms, status, error, answer, manual)
      SELECT id, ${attempt}::int, now() - ${durationMs} * interval '1 ms', ${durationMs}::int, ${status}::int, ${error},
        ${answer === null ? null : storedText(answer)}, ${manual}::boolean
      FROM held RETURNING delivery_id`,
  );
  return recorded.length > 0;
}

/** Gives a message back that was not sent, or of which nobody knows: the next gateway sends it with the same attempt number. */
export async function releaseDelivery(database: JobsDatabase, { id, lease }: ClaimedJobDelivery): Promise<void> {
  await orUnavailable(
    database.$executeRaw`UPDATE jobs.webhook_delivery SET lease_id = NULL, lease_until = NULL WHERE id = ${id} AND lease_id = ${lease}::uuid`,
  );
}
