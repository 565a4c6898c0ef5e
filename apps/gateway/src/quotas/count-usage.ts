import { Prisma } from '@nightjar/database';

const slots = 16;

/** SQL: which of the rows of a day to count into. Jobs that begin and end at the same moment rarely meet at the same one. */
export const usageSlot = Prisma.sql`floor(random() * ${slots})::smallint`;

/** CTE of the statement that inserts a job (`insertJob`): counts it for its tenant. `images` is 0 for a video. */
export function countUsage(images: number): Prisma.Sql {
  return Prisma.sql`counted AS (
      INSERT INTO jobs.usage_day (tenant_id, day, media_type, slot, jobs, images, bytes)
      SELECT tenant_id, (now() AT TIME ZONE 'UTC')::date, media_type, ${usageSlot}, 1, ${images}::int, size_bytes FROM inserted
      ON CONFLICT (tenant_id, day, media_type, slot) DO UPDATE SET
        jobs = usage_day.jobs + excluded.jobs, images = usage_day.images + excluded.images, bytes = usage_day.bytes + excluded.bytes
    )`;
}
