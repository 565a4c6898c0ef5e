import { Inject, Injectable } from '@nestjs/common';
import { Prisma, type NvrDatabase } from '@nightjar/database';
import type { Actor } from '../audit/actor.js';
import { AuditLog, type AuditAction, type WriteEntry } from '../audit/audit-log.js';
import { visibleCameras } from '../cameras/camera-scope.js';
import { DATABASE } from '../process-parts.js';
import { accountOfTenant } from './luna-account.js';
import { managerError } from './manager-errors.js';
import type { LunaStatus } from './stream-request.js';
import type { StreamScope } from './stream-scope.js';

/** Newest entries of a stream's log that are kept; each costs a row. */
const logEntriesMax = 1_000;

const withRelations = {
  camera: { select: { name: true, framesName: true, deletedAt: true, analyticsEnabled: true } },
  groups: { select: { group: { select: { id: true, name: true } } } },
} as const;

export type LunaStreamRow = Prisma.LunaStreamGetPayload<{ include: typeof withRelations }>;

/** What became of a stream at one moment. */
interface StreamLogEntry {
  streamId: string;
  version: number;
  status: LunaStatus;
  error: string | null;
  at: Date;
}

export interface StreamFilter {
  statuses?: readonly LunaStatus[] | undefined;
  groupId?: string | undefined;
}

export interface LogFilter {
  streamId?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

/** What the audit log says of a change. Never an address of a stream or of a callback: both hold passwords. */
interface Told {
  by: Actor;
  details: Record<string, unknown>;
}

/** What a change by a user writes; the version grows with it. */
type StreamChange = Omit<Prisma.LunaStreamUncheckedUpdateInput, 'location'> & { location?: Prisma.InputJsonObject | null };

/** Rows of streams. A camera's row is made when the stream is looked at for the first time. */
@Injectable()
export class LunaStreamsStore {
  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    private readonly audit: AuditLog,
  ) {}

  /** Every camera is a stream of the default account, whether anybody asked for analytics or not, and stopped where it is not analysed. */
  async addCameras(): Promise<void> {
    await followCameras(this.database);
    await this.database.$executeRaw`
      INSERT INTO nvr.luna_stream (id, account_id, camera_id, data, autorestart, analytics, status, updated_at)
      SELECT uuid, ${accountOfTenant(1)}::uuid, id, '{"type": "tcp"}', '{"restart": 1, "attempt_count": 10, "delay": 60}', '[]',
        (CASE WHEN NOT analytics_enabled THEN 'stop' WHEN analysed_until > now() THEN 'in_progress' ELSE 'pending' END)::nvr.luna_status, now()
      FROM nvr.camera WHERE deleted_at IS NULL
      ON CONFLICT DO NOTHING`;
  }

  async list(scope: StreamScope, filter: StreamFilter, page: { skip: number; take: number }): Promise<LunaStreamRow[]> {
    const where = whereOf(scope, filter);
    return this.database.lunaStream.findMany({ where, include: withRelations, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], ...page });
  }

  count(scope: StreamScope, filter: StreamFilter): Promise<number> {
    return this.database.lunaStream.count({ where: whereOf(scope, filter) });
  }

  find(scope: StreamScope, id: string): Promise<LunaStreamRow | null> {
    return this.database.lunaStream.findFirst({ where: { ...whereOf(scope, {}), id }, include: withRelations });
  }

  async create(stream: Prisma.LunaStreamUncheckedCreateInput, groupId: string | undefined, told: Told): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      await holdAnalytics(transaction, stream.analytics);
      const { id, status = 'pending' } = await transaction.lunaStream.create({ data: stream });
      if (groupId !== undefined) await transaction.lunaGroupStream.create({ data: { groupId, streamId: id } });
      await writeLog(transaction, { streamId: id, version: 1, status, error: null });
      await this.entryOf('stream.created', id, told)(transaction);
    });
  }

  /**
   * A new version of a stream; whoever works on it takes it over or gives it back. Into a group it may come, out of one is the linker's.
   * @returns what this change wrote, whoever changes the stream at the same moment
   * @throws AppError `not_found` for one that was removed meanwhile
   */
  change(
    { cameraId, id }: LunaStreamRow,
    change: StreamChange,
    { groupId, status, told }: { groupId: string | undefined; status: LunaStatus; told: Told },
  ): Promise<LunaStreamRow> {
    const { location, ...plain } = change;
    return this.database.$transaction(async (transaction) => {
      await lockCamera(transaction, id);
      await lockStream(transaction, id);
      await holdAnalytics(transaction, change.analytics ?? []);
      if (cameraId !== null) await transaction.camera.update({ where: { id: cameraId }, data: { analyticsEnabled: status !== 'stop' } });
      if (groupId !== undefined) await transaction.lunaGroupStream.createMany({ data: { groupId, streamId: id }, skipDuplicates: true });
      const changed = await transaction.lunaStream.update({
        where: { id },
        include: withRelations,
        data: {
          ...plain,
          ...(location !== undefined && { location: location ?? Prisma.DbNull }),
          // Of what it was before.
          ...(change.data !== undefined && { videoInfo: Prisma.DbNull }),
          status,
          version: { increment: 1 },
          lastError: null,
          attempts: 0,
          lastAttemptAt: null,
          heldBy: null,
          heldUntil: null,
        },
      });
      const { version } = changed;
      await writeLog(transaction, { streamId: id, version, status, error: null });
      await this.entryOf('stream.changed', id, { ...told, details: { ...told.details, version } })(transaction);
      return changed;
    });
  }

  /** @returns false when it was so already */
  async switchStatus(id: string, { from, to }: { from: readonly LunaStatus[]; to: LunaStatus }, told: Told): Promise<boolean> {
    return this.database.$transaction(async (transaction) => {
      await lockCamera(transaction, id);
      const data = { status: to, attempts: 0, lastAttemptAt: null, heldBy: null, heldUntil: null };
      const { count } = await transaction.lunaStream.updateMany({ where: { id, status: { in: [...from] } }, data });
      if (count === 0) return false;
      const { cameraId, version } = await transaction.lunaStream.findUniqueOrThrow({ where: { id } });
      if (cameraId !== null) await transaction.camera.update({ where: { id: cameraId }, data: { analyticsEnabled: to !== 'stop' } });
      await writeLog(transaction, { streamId: id, version, status: to, error: null });
      await this.entryOf('stream.switched', id, told)(transaction);
      return true;
    });
  }

  async remove(id: string, told: Told): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      const { count } = await transaction.lunaStream.deleteMany({ where: { id } });
      if (count > 0) await this.entryOf('stream.removed', id, told)(transaction);
    });
  }

  /** Whether there are streams in a group that are not in the scope. Those of cameras that were removed are nobody's. */
  async hasBeyond(scope: StreamScope, groupId: string): Promise<boolean> {
    const inGroup = { groups: { some: { groupId } }, OR: [{ cameraId: null }, { camera: { deletedAt: null } }] };
    const [all, own] = await Promise.all([
      this.database.lunaStream.count({ where: inGroup }),
      this.database.lunaStream.count({ where: { AND: [inGroup, whereOf(scope, {})] } }),
    ]);
    return own < all;
  }

  /** Newest first. */
  logs(scope: StreamScope, filter: LogFilter, page: { skip: number; take: number }): Promise<StreamLogEntry[]> {
    return this.database.lunaStreamLog.findMany({ where: logsWhere(scope, filter), orderBy: { id: 'desc' }, ...page });
  }

  async removeLogs(scope: StreamScope, filter: LogFilter, by: Actor): Promise<void> {
    const { from, streamId, to } = filter;
    await this.database.$transaction(async (transaction) => {
      const { count } = await transaction.lunaStreamLog.deleteMany({ where: logsWhere(scope, filter) });
      const details = { entries: count, ...(from && { time__gte: from.toISOString() }), ...(to && { time__lt: to.toISOString() }) };
      if (count > 0) await this.entryOf('stream.logs_removed', streamId, { by, details })(transaction);
    });
  }

  private entryOf(action: AuditAction, entityId: string | undefined, { by, details }: Told): WriteEntry {
    return this.audit.entryOf(by, { action, entityType: 'stream', ...(entityId !== undefined && { entityId }), details });
  }
}

/**
 * Takes over what was said of cameras themselves, whose rows decide: just those that are not to be analysed are stopped as streams.
 * @param cameraId undefined: all
 */
export async function followCameras(database: LogDatabase & Pick<Prisma.TransactionClient, '$queryRaw'>, cameraId?: number): Promise<void> {
  const switched = await database.$queryRaw<{ streamId: string; version: number; status: LunaStatus }[]>`
    UPDATE nvr.luna_stream s SET status = (CASE WHEN c.analytics_enabled THEN 'pending' ELSE 'stop' END)::nvr.luna_status,
      attempts = 0, last_attempt_at = NULL, updated_at = now()
    FROM nvr.camera c
    WHERE c.id = s.camera_id AND c.deleted_at IS NULL AND c.analytics_enabled = (s.status = 'stop')
      AND (${cameraId ?? null}::int IS NULL OR c.id = ${cameraId ?? null})
    RETURNING s.id::text AS "streamId", s.version, s.status::text`;
  await writeLogs(
    database,
    switched.map((stream) => ({ ...stream, error: null })),
  );
}

/** Whoever changes a camera and its stream holds the camera first: two who do so at once wait for each other. */
async function lockCamera(transaction: Prisma.TransactionClient, uuid: string): Promise<void> {
  await transaction.$executeRaw`SELECT FROM nvr.camera WHERE uuid = ${uuid}::uuid FOR NO KEY UPDATE`;
}

/** Until the transaction ends nobody removes what a stream is to name. @throws AppError `not_found` for one that was removed meanwhile */
async function holdAnalytics(transaction: Prisma.TransactionClient, analytics: unknown): Promise<void> {
  const ids = new Set((analytics as readonly { analytic_id: string }[]).map(({ analytic_id }) => analytic_id));
  const held = await transaction.$queryRaw<{ id: string }[]>`
    SELECT id::text FROM nvr.luna_analytic WHERE id = ANY(${[...ids]}::uuid[]) ORDER BY id FOR KEY SHARE`;
  for (const { id } of held) ids.delete(id);
  const [gone] = ids;
  if (gone !== undefined) throw managerError('analyticNotFound', `Analytic ${gone}`);
}

/** Who changes a stream next waits until the transaction has ended. @throws AppError `not_found` */
async function lockStream(transaction: Prisma.TransactionClient, id: string): Promise<void> {
  const rows = await transaction.$queryRaw<unknown[]>`SELECT 1 FROM nvr.luna_stream WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
  if (rows.length === 0) throw managerError('streamNotFound', `Stream ${id}`);
}

/** Any number that no one else locks. */
const claimLock = 72_707_421n;

/** Until the transaction ends nobody else gives streams to agents, so that a stream never has two owners, and no agent more than it has room for. */
export async function lockClaims(transaction: Prisma.TransactionClient): Promise<void> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${claimLock})`;
}

/** What is written down of a stream. */
type NewLogEntry = Omit<StreamLogEntry, 'at'>;

/** A transaction, or the database itself. */
type LogDatabase = Pick<Prisma.TransactionClient, 'lunaStreamLog'>;

export function writeLog(database: LogDatabase, entry: NewLogEntry): Promise<void> {
  return writeLogs(database, [entry]);
}

/** Writes what became of streams, in this order; what stood there long is dropped. */
export async function writeLogs(database: LogDatabase, entries: readonly NewLogEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const written = await database.lunaStreamLog.createManyAndReturn({ data: [...entries], select: { id: true, streamId: true } });
  for (const { id, streamId } of written) {
    if (id % 100n !== 0n) continue;
    const where = { streamId };
    const [oldest] = await database.lunaStreamLog.findMany({ where, orderBy: { id: 'desc' }, skip: logEntriesMax, take: 1 });
    if (oldest) await database.lunaStreamLog.deleteMany({ where: { streamId, id: { lte: oldest.id } } });
  }
}

function whereOf({ accountId, cameras, withOthers }: StreamScope, { groupId, statuses }: StreamFilter): Prisma.LunaStreamWhereInput {
  const ofCamera = { camera: visibleCameras(cameras) };
  return {
    accountId,
    ...(withOthers ? { OR: [{ cameraId: null }, ofCamera] } : ofCamera),
    ...(statuses && { status: { in: [...statuses] } }),
    ...(groupId !== undefined && { groups: { some: { groupId } } }),
  };
}

function logsWhere(scope: StreamScope, { streamId, from, to }: LogFilter): Prisma.LunaStreamLogWhereInput {
  return {
    stream: whereOf(scope, {}),
    ...(streamId !== undefined && { streamId }),
    ...((from ?? to) && { at: { ...(from && { gte: from }), ...(to && { lt: to }) } }),
  };
}
