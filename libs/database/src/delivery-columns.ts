import { Prisma } from './generated/client.js';

/** What an attempt at delivering a message decided; see libs/webhooks. */
type Decision = { kind: 'delivered' | 'cancelled' | 'exhausted' } | { kind: 'retry'; waitMs: number };

/**
 * SQL: what an attempt changes in the row of a message, for its `SET`. What a manual attempt that fails changes is nothing but the
 * log: the schedule goes on where it was.
 */
export function deliveryColumnsAfter(decision: Decision, manual: boolean): Prisma.Sql {
  const asked = manual ? Prisma.sql`, redeliver_at = NULL` : Prisma.empty;
  switch (decision.kind) {
    case 'delivered':
      return Prisma.sql`state = 'delivered', ended_at = now() ${asked}`;
    case 'cancelled':
      return Prisma.sql`state = CASE state WHEN 'pending' THEN 'cancelled' ELSE state END, ended_at = coalesce(ended_at, now()) ${asked}`;
    case 'exhausted':
      return manual ? Prisma.sql`redeliver_at = NULL` : Prisma.sql`state = 'exhausted', ended_at = now()`;
    case 'retry':
      return manual ? Prisma.sql`redeliver_at = NULL` : Prisma.sql`run_after = now() + ${decision.waitMs} * interval '1 ms'`;
  }
}
