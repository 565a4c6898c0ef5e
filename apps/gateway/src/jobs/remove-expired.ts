import { type JobsDatabase, orUnavailable } from '@nightjar/database';
import { pause, type Logger } from '@nightjar/runtime';
import type { JobEndings } from './job-endings.js';

/** Rows that one statement removes; more follow at once. Keeps statements and locks short. */
const batchRows = 200;
const searchEveryMs = 60_000;
/** Listeners that were away for longer are told that there is a gap. */
const eventsKeptMs = 7 * 24 * 3_600_000;

type Counts = Record<'jobs' | 'events' | 'idempotencyKeys' | 'quotaReservations', number>;

/**
 * Removes what is over its time: jobs with all that hangs on them, events that nobody resumes from, keys of requests, room in
 * quotas that a gateway held which died. Any number of gateways may do so at once.
 * @returns how many rows of each kind
 */
export async function removeExpired(
  database: JobsDatabase,
  endings: Pick<JobEndings, 'removeMedia'>,
  { signal, eventsMs = eventsKeptMs }: { signal?: AbortSignal; eventsMs?: number } = {},
): Promise<Counts> {
  const jobs = await inBatches(signal, async () => {
    const removed = await orUnavailable(
      database.$queryRaw<{ id: string }[]>`
        WITH removed AS (
          DELETE FROM jobs.job WHERE id IN (
            SELECT id FROM jobs.job WHERE expires_at < now() AND state IN ('finished', 'failed', 'cancelled') LIMIT ${batchRows} FOR UPDATE SKIP LOCKED)
          RETURNING id
        ),
        forgotten AS (DELETE FROM jobs.idempotency_record AS record USING removed WHERE record.job_id = removed.id)
        SELECT id FROM removed`,
    );
    for (const { id } of removed) await endings.removeMedia(id);
    return removed.length;
  });
  // The oldest have the lowest numbers: no index of times is needed.
  // No transaction of this database's own time can be in its future: such a row was restored from another one, whose numbers
  // mean nothing here, and readers would wait for it.
  const events = await inBatches(
    signal,
    () =>
      database.$executeRaw`
      DELETE FROM jobs.job_event WHERE seq = ANY(
        ARRAY(
          SELECT seq FROM jobs.job_event
          WHERE seq <= (SELECT max(seq) FROM (SELECT seq FROM jobs.job_event ORDER BY seq LIMIT ${batchRows}) AS oldest)
            AND at < now() - ${eventsMs} * interval '1 ms'
          FOR UPDATE SKIP LOCKED)
        || ARRAY(
          SELECT seq FROM jobs.job_event WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
          LIMIT ${batchRows} FOR UPDATE SKIP LOCKED))`,
  );
  const idempotencyKeys = await inBatches(
    signal,
    () =>
      database.$executeRaw`
      DELETE FROM jobs.idempotency_record WHERE (owner, key) IN (
        SELECT owner, key FROM jobs.idempotency_record WHERE expires_at < now() AND locked_until < now() LIMIT ${batchRows} FOR UPDATE SKIP LOCKED)`,
  );
  const quotaReservations = await inBatches(
    signal,
    () =>
      database.$executeRaw`
      DELETE FROM jobs.quota_reservation WHERE id IN (
        SELECT id FROM jobs.quota_reservation WHERE expires_at < now() LIMIT ${batchRows} FOR UPDATE SKIP LOCKED)`,
  );
  return { jobs, events, idempotencyKeys, quotaReservations };
}

/** Removes at start and every minute until the signal aborts. */
export async function keepRemovingExpired(options: {
  database: JobsDatabase;
  endings: JobEndings;
  logger: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { database, endings, logger, signal } = options;
  while (!signal.aborted) {
    try {
      const removed = await removeExpired(database, endings, { signal });
      if (Object.values(removed).some((rows) => rows > 0)) logger.info('expired rows removed', removed);
    } catch (error) {
      logger.warn('expired rows were not removed', { error });
    }
    await pause(searchEveryMs, signal);
  }
}

/** Repeats until a batch is not full. */
async function inBatches(signal: AbortSignal | undefined, removeBatch: () => Promise<number>): Promise<number> {
  let rows = 0;
  for (;;) {
    const removed = await orUnavailable(removeBatch());
    rows += removed;
    if (removed < batchRows || signal?.aborted === true) return rows;
  }
}
