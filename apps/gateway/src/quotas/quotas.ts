import { randomUUID } from 'node:crypto';
import { type JobsDatabase, Prisma } from '@nightjar/database';
import { pause, type AppError, type Clock, type Logger } from '@nightjar/runtime';
import { countUsage } from './count-usage.js';
import { refusalOf, type QuotaName, type QuotaState } from './quota-refusal.js';
import { RoomReservations } from './reserve-rooms.js';

/** What a tenant may have; 0: unbounded. A row of table `tenant` may say something else for one of them. */
export interface QuotaBounds {
  jobsOpenMax: number;
  jobsPerDayMax: number;
  uploadBytesPerDayMax: number;
}

/** Room that a submit asks for. */
export interface WantedQuota {
  tenantId: number;
  /** What the body has at most; undefined: unknown, it holds all that is left of the bytes of the day. */
  bytes: number | undefined;
  /** Hears how the quotas stand, also when one of them has no room. */
  onQuotas?: ((quotas: HeldQuota['quotas']) => void) | undefined;
}

/** Room for one job. */
export interface HeldQuota {
  id: string;
  /** What the body may have; Infinity: as much as it likes. */
  bytesMax: number;
  /** As they were when the room was taken, with it. */
  quotas: Readonly<Record<QuotaName, QuotaState>>;
}

interface QuotasOptions {
  database: JobsDatabase;
  bounds: QuotaBounds;
  clock: Clock;
  logger: Logger;
  /** Tests shorten it. Room whose gateway died is free again after this long. */
  lifetimeMs?: number;
}

const defaultLifetimeMs = 60_000;

/**
 * Keeps tenants within their quotas, over any number of gateways: room is taken before a body is read, and becomes a job in the
 * statement that inserts it, so that uploads side by side can't exceed a bound together. Room outlives its time only while its
 * gateway is cut off from the database: then its job is taken in all the same, since its bytes are here already.
 */
export class Quotas {
  /** Bounded by the uploads that the gateway lets in at once. */
  private readonly held = new Set<string>();
  private readonly stopping = new AbortController();
  private readonly renewing: Promise<void>;
  private readonly lifetimeMs: number;
  private readonly reservations: RoomReservations;

  constructor(private readonly options: QuotasOptions) {
    this.lifetimeMs = options.lifetimeMs ?? defaultLifetimeMs;
    this.reservations = new RoomReservations({ database: options.database, bounds: options.bounds, lifetimeMs: this.lifetimeMs });
    this.renewing = this.keepRenewing(this.stopping.signal);
  }

  /** No room is renewed any more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.renewing;
  }

  /**
   * Holds room for one job while `submit` runs, which commits it with `commitOf`; when it fails the room is given back.
   * @throws AppError `rate_limited` that names the quota, `payload_too_large` for a body that no day has room for, `unavailable`;
   *   what `submit` throws
   */
  async hold<Result>(wanted: WantedQuota, submit: (held: HeldQuota) => Promise<Result>): Promise<Result> {
    const held = await this.take(wanted);
    this.held.add(held.id);
    try {
      return await submit(held);
    } catch (error) {
      await this.giveBack(held);
      throw error;
    } finally {
      this.held.delete(held.id);
    }
  }

  /** Says whether there is room now, which nobody holds afterwards. @throws AppError as `hold` */
  async check(wanted: WantedQuota): Promise<void> {
    await this.giveBack(await this.take(wanted));
  }

  /** CTEs for the statement that inserts the job: the room goes, what the job uses is counted. `images` is 0 for a video. */
  commitOf(held: HeldQuota, images: number): Prisma.Sql[] {
    return [countUsage(images), Prisma.sql`given_back AS (DELETE FROM jobs.quota_reservation WHERE id = ${held.id}::uuid)`];
  }

  /** What is thrown when a body of unknown length met the end of the bytes that its tenant has left. */
  bytesExhausted(held: HeldQuota): AppError {
    return refusalOf('upload-bytes-per-day', held.quotas['upload-bytes-per-day'], { nowUnixMs: this.options.clock.wallMs() });
  }

  private async take({ tenantId, bytes, onQuotas }: WantedQuota): Promise<HeldQuota> {
    const id = randomUUID();
    const row = await this.reservations.reserve(tenantId, { id, bytes: bytes ?? null });
    const quotas = {
      'jobs-open': { limit: row.jobs_open_bound, used: row.jobs_open_used },
      'jobs-per-day': { limit: row.jobs_per_day_bound, used: row.jobs_per_day_used },
      'upload-bytes-per-day': { limit: row.upload_bytes_per_day_bound, used: row.upload_bytes_per_day_used },
    };
    onQuotas?.(quotas);
    const nowUnixMs = this.options.clock.wallMs();
    if (row.refused_by) throw refusalOf(row.refused_by, quotas[row.refused_by], { nowUnixMs, wantedBytes: bytes });
    const isUnbounded = bytes !== undefined || row.upload_bytes_per_day_bound === 0;
    return { id, bytesMax: isUnbounded ? Infinity : row.granted_bytes, quotas };
  }

  private async giveBack({ id }: HeldQuota): Promise<void> {
    try {
      await this.options.database.quotaReservation.deleteMany({ where: { id } });
    } catch (error) {
      this.options.logger.warn('room in a quota was not given back, it ends by itself', { error, lifetimeMs: this.lifetimeMs });
    }
  }

  private async keepRenewing(signal: AbortSignal): Promise<void> {
    const { database, logger } = this.options;
    while (!signal.aborted) {
      await pause(this.lifetimeMs / 3, signal);
      if (this.held.size === 0 || signal.aborted) continue;
      try {
        await database.$executeRaw`
          UPDATE jobs.quota_reservation SET expires_at = now() + ${this.lifetimeMs}::float8 * interval '1 ms' WHERE id = ANY(${[...this.held]}::uuid[])`;
      } catch (error) {
        logger.warn('room in quotas was not renewed', { error });
      }
    }
  }
}
