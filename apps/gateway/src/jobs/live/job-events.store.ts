import type { JobState } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable, Prisma } from '@nightjar/database';
import { beforeAll, type EventPosition } from './event-window.js';

/** A move of a job. */
export interface JobEvent extends EventPosition {
  tenantId: number;
  jobId: string;
  state: JobState;
  at: Date;
  /** Of a job that failed or was cancelled, unless it was removed since. */
  errorCode: string | null;
  errorMessage: string | null;
}

/** Which events a client may have and wants. */
export interface EventFilter {
  tenantId: number;
  /** Undefined: of all jobs. */
  jobIds: ReadonlySet<string> | undefined;
}

interface EventPage {
  events: JobEvent[];
  /** More events stand ready behind these, or will as soon as a transaction ends that still runs. */
  more: 'none' | 'ready' | 'soon';
}

interface EventRow {
  seq: bigint;
  xid: bigint;
  tenant_id: number;
  job_id: string;
  state: JobState;
  at: Date;
  error_code: string | null;
  error_message: string | null;
  is_settled: boolean;
}

/**
 * SQL: no transaction can put another event before this one any more. All transactions below `xmin` have ended, whatever order
 * their rows appeared in.
 */
const isSettled = Prisma.sql`event.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;

/** Rows of events. Readers go by transaction and number and stay behind what is not settled, so none appears behind them. */
export class JobEventsStore {
  constructor(private readonly database: JobsDatabase) {}

  /** @param filter undefined: of all tenants */
  async listAfter(position: EventPosition, limit: number, filter?: EventFilter): Promise<EventPage> {
    const ofTenant = filter ? Prisma.sql`AND event.tenant_id = ${filter.tenantId}` : Prisma.empty;
    const ofJobs = filter?.jobIds ? Prisma.sql`AND event.job_id = ANY(${[...filter.jobIds]}::text[])` : Prisma.empty;
    const rows = await orUnavailable(
      this.database.$queryRaw<EventRow[]>`
        SELECT event.seq, event.xid, event.tenant_id, event.job_id, event.state::text AS state, event.at, job.error_code, job.error_message,
          ${isSettled} AS is_settled
        FROM jobs.job_event AS event LEFT JOIN jobs.job AS job ON job.id = event.job_id AND event.state IN ('failed', 'cancelled')
        WHERE (event.xid, event.seq) > (${position.xid}::bigint, ${position.seq}::bigint) ${ofTenant} ${ofJobs}
        ORDER BY event.xid, event.seq LIMIT ${limit}`,
    );
    const settled = rows.filter((row) => row.is_settled);
    const more = settled.length < rows.length ? 'soon' : rows.length === limit ? 'ready' : 'none';
    return { events: settled.map(eventOf), more };
  }

  /** Where a client begins that wants nothing of what was. */
  async newest(): Promise<EventPosition> {
    const [row] = await orUnavailable(
      this.database.$queryRaw<EventPosition[]>`
        SELECT event.xid, event.seq FROM jobs.job_event AS event WHERE ${isSettled} ORDER BY event.xid DESC, event.seq DESC LIMIT 1`,
    );
    return row ?? beforeAll;
  }

  /**
   * Where a client stands whose last event was this one.
   * @returns undefined for an event that is not kept any more, or that this database never had
   */
  async find(seq: bigint): Promise<EventPosition | undefined> {
    if (seq > 0n)
      return (await orUnavailable(this.database.jobEvent.findUnique({ where: { seq }, select: { xid: true, seq: true } }))) ?? undefined;
    // From before the first event: that is a place as long as the first one is kept.
    const first = await orUnavailable(this.database.jobEvent.findFirst({ orderBy: { seq: 'asc' }, select: { seq: true } }));
    return !first || first.seq === 1n ? beforeAll : undefined;
  }
}

function eventOf(row: EventRow): JobEvent {
  const { seq, xid, tenant_id: tenantId, job_id: jobId, state, at, error_code: errorCode, error_message: errorMessage } = row;
  return { seq, xid, tenantId, jobId, state, at, errorCode, errorMessage };
}
