import { type JobsDatabase, orUnavailable } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { QuotaBounds } from './quotas.js';
import type { QuotaName } from './quota-refusal.js';

/** Rooms in one statement. Full: the others go with the next; there are as many as requests that the gateway runs. */
const roomsAtOnce = 64;

/** Room for one job that is asked for. */
export interface AskedRoom {
  id: string;
  /** Null: all that is left of the bytes of the day. */
  bytes: number | null;
}

/** How the quotas stood when the room was taken or, with `refused_by`, refused. */
export interface ReservedRow {
  refused_by: QuotaName | null;
  granted_bytes: number;
  jobs_open_bound: number;
  jobs_open_used: number;
  jobs_per_day_bound: number;
  jobs_per_day_used: number;
  upload_bytes_per_day_bound: number;
  upload_bytes_per_day_used: number;
}

interface WaitingRoom extends AskedRoom {
  resolve: (row: ReservedRow) => void;
  reject: (error: unknown) => void;
}

/**
 * Takes rooms in quotas. What a tenant asks for while an answer is on its way is asked for together, in one statement: its quotas are
 * counted and its row is locked once for all of them, and each is held to the bounds as if it came alone.
 */
export class RoomReservations {
  /** Of tenants whose answer is on its way. */
  private readonly waiting = new Map<number, WaitingRoom[]>();

  constructor(private readonly options: { database: JobsDatabase; bounds: QuotaBounds; lifetimeMs: number }) {}

  /** @throws AppError `unavailable` */
  reserve(tenantId: number, room: AskedRoom): Promise<ReservedRow> {
    return new Promise((resolve, reject) => {
      const asked = { ...room, resolve, reject };
      const waiting = this.waiting.get(tenantId);
      if (waiting) return void waiting.push(asked);
      this.waiting.set(tenantId, [asked]);
      void this.reserveAll(tenantId);
    });
  }

  private async reserveAll(tenantId: number): Promise<void> {
    const waiting = this.waiting.get(tenantId) ?? [];
    while (waiting.length > 0) {
      const asked = waiting.splice(0, roomsAtOnce);
      try {
        const rows = await this.askFor(tenantId, asked);
        asked.forEach(({ resolve, reject }, index) => {
          const row = rows[index];
          if (row) resolve(row);
          else reject(new AppError('internal', 'the quotas gave no answer'));
        });
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    this.waiting.delete(tenantId);
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
