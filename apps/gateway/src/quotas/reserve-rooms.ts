import { type JobsDatabase, orUnavailable } from '@nightjar/database';
import type { QuotaBounds } from './quotas.js';
import type { QuotaName } from './quota-refusal.js';
import { TenantGroups } from './tenant-groups.js';

/** Rooms in one statement. Full: the others go with the next; there are as many as requests that the gateway runs. */
const roomsAtOnce = 64;

/** Room for one job that is asked for. */
interface AskedRoom {
  id: string;
  /** Null: all that is left of the bytes of the day. */
  bytes: number | null;
}

/** How the quotas stood when the room was taken or, with `refused_by`, refused. */
interface ReservedRow {
  refused_by: QuotaName | null;
  granted_bytes: number;
  jobs_open_bound: number;
  jobs_open_used: number;
  jobs_per_day_bound: number;
  jobs_per_day_used: number;
  upload_bytes_per_day_bound: number;
  upload_bytes_per_day_used: number;
}

/**
 * Takes rooms in quotas. What a tenant asks for while an answer is on its way is asked for together, in one statement: its quotas are
 * counted and its row is locked once for all of them, and each is held to the bounds as if it came alone.
 */
export class RoomReservations {
  private readonly groups = new TenantGroups<AskedRoom, ReservedRow>({
    atOnce: roomsAtOnce,
    ask: (tenantId, asked) => this.askFor(tenantId, asked),
  });

  constructor(private readonly options: { database: JobsDatabase; bounds: QuotaBounds; lifetimeMs: number }) {}

  /** @throws AppError `unavailable` */
  reserve(tenantId: number, room: AskedRoom): Promise<ReservedRow> {
    return this.groups.ask(tenantId, room);
  }

  private askFor(tenantId: number, asked: readonly AskedRoom[]): Promise<ReservedRow[]> {
    const { database, bounds, lifetimeMs } = this.options;
    return orUnavailable(
      database.$planned<ReservedRow>`
        SELECT refused_by, granted_bytes::float8, jobs_open_bound::float8, jobs_open_used::float8,
          jobs_per_day_bound::float8, jobs_per_day_used::float8, upload_bytes_per_day_bound::float8, upload_bytes_per_day_used::float8
        FROM jobs.reserve_quotas(
          ${asked.map(({ id }) => id)}::uuid[], ${tenantId}::int, ${asked.map(({ bytes }) => bytes)}::bigint[], ${lifetimeMs}::float8,
          ${bounds.jobsOpenMax}::int, ${bounds.jobsPerDayMax}::int, ${bounds.uploadBytesPerDayMax}::bigint)`,
    );
  }
}
