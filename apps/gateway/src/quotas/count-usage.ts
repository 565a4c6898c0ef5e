import { Prisma } from '@nightjar/database';

const slots = 16;
/** First half of the advisory locks of the slots. */
const slotLocks = 72_707_450;

/**
 * SQL: which of the rows of a day to count into: the first that no other transaction counts into. At a row that another one has written,
 * this one would wait for the other's commit before its own. More than there are slots at once: any.
 */
export const usageSlot = Prisma.sql`coalesce(
          (SELECT slot FROM generate_series(0, ${slots - 1}::int) AS slot WHERE pg_try_advisory_xact_lock(${slotLocks}, slot) LIMIT 1),
          floor(random() * ${slots}))::smallint`;

/** CTE of the statement that inserts a job (`insertJob`): counts it for its tenant. `images` is 0 for a video. */
export function countUsage(images: number): Prisma.Sql {
  return Prisma.sql`counted AS (
      INSERT INTO jobs.usage_day (tenant_id, day, media_type, slot, jobs, images, bytes)
      SELECT tenant_id, (now() AT TIME ZONE 'UTC')::date, media_type, ${usageSlot}, 1, ${images}::int, size_bytes FROM inserted
      ON CONFLICT (tenant_id, day, media_type, slot) DO UPDATE SET
        jobs = usage_day.jobs + excluded.jobs, images = usage_day.images + excluded.images, bytes = usage_day.bytes + excluded.bytes
    )`;
}
