import { Inject, Injectable } from '@nestjs/common';
import { Prisma, type NvrDatabase } from '@nightjar/database';
import { visibleCameras, type CameraScope } from '../cameras/camera-scope.js';
import { DATABASE } from '../process-parts.js';
import { accountOfTenant } from './luna-account.js';
import type { LunaStatus } from './stream-request.js';

/** Newest entries of a stream's log that are kept; each costs a row. */
const logEntriesMax = 1_000;

const withRelations = {
  camera: { select: { name: true, framesName: true, deletedAt: true, analyticsEnabled: true } },
  groups: { select: { group: { select: { id: true, name: true } } } },
} as const;

export type LunaStreamRow = Prisma.LunaStreamGetPayload<{ include: typeof withRelations }>;

/** Which streams a caller may see: those of the account, and of cameras only those that he may see. */
export interface StreamScope {
  accountId: string;
  cameras: CameraScope;
}

/** What became of a stream at one moment. */
export interface StreamLogEntry {
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

/** What a change by a user writes; the version grows with it. */
export type StreamChange = Prisma.LunaStreamUncheckedUpdateInput;

/** Rows of streams. A camera's row is made when the stream is looked at for the first time. */
@Injectable()
export class LunaStreamsStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** Every camera is a stream of the default account, whether anybody asked for analytics or not. */
  async addCameras(): Promise<void> {
    await this.database.$executeRaw`
      INSERT INTO nvr.luna_stream (id, account_id, camera_id, name, data, autorestart, analytics, status, updated_at)
      SELECT uuid, ${accountOfTenant(1)}::uuid, id, left(name, 128), '{"type": "tcp"}', '{"restart": 1, "attempt_count": 10, "delay": 60}', '[]',
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

  async create(stream: Prisma.LunaStreamUncheckedCreateInput, groupId: string | undefined): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      const { id, status = 'pending' } = await transaction.lunaStream.create({ data: stream });
      if (groupId !== undefined) await transaction.lunaGroupStream.create({ data: { groupId, streamId: id } });
      await writeLog(transaction, { streamId: id, version: 1, status, error: null });
    });
  }

  /** A new version of a stream; whoever works on it takes it over or gives it back. */
  async change(id: string, change: StreamChange, status: LunaStatus): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      const { cameraId, version } = await transaction.lunaStream.update({
        where: { id },
        data: {
          ...change,
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
      if (cameraId !== null) await transaction.camera.update({ where: { id: cameraId }, data: { analyticsEnabled: status !== 'stop' } });
      await writeLog(transaction, { streamId: id, version, status, error: null });
    });
  }

  /** @returns false when it was so already */
  async switchStatus(id: string, { from, to }: { from: readonly LunaStatus[]; to: LunaStatus }): Promise<boolean> {
    return this.database.$transaction(async (transaction) => {
      const data = { status: to, attempts: 0, lastAttemptAt: null, heldUntil: null };
      const { count } = await transaction.lunaStream.updateMany({ where: { id, status: { in: [...from] } }, data });
      if (count === 0) return false;
      const { cameraId, version } = await transaction.lunaStream.findUniqueOrThrow({ where: { id } });
      if (cameraId !== null) await transaction.camera.update({ where: { id: cameraId }, data: { analyticsEnabled: to !== 'stop' } });
      await writeLog(transaction, { streamId: id, version, status: to, error: null });
      return true;
    });
  }

  async remove(id: string): Promise<void> {
    await this.database.lunaStream.deleteMany({ where: { id } });
  }

  /** Newest first. */
  logs(
    scope: StreamScope,
    filter: { streamId?: string | undefined; from?: Date | undefined; to?: Date | undefined },
    page: { skip: number; take: number },
  ): Promise<StreamLogEntry[]> {
    return this.database.lunaStreamLog.findMany({ where: logsWhere(scope, filter), orderBy: { id: 'desc' }, ...page });
  }

  async removeLogs(
    scope: StreamScope,
    filter: { streamId?: string | undefined; from?: Date | undefined; to?: Date | undefined },
  ): Promise<void> {
    await this.database.lunaStreamLog.deleteMany({ where: logsWhere(scope, filter) });
  }
}

/** Writes what became of a stream; what stood there long is dropped. */
export async function writeLog(
  transaction: Prisma.TransactionClient,
  entry: { streamId: string; version: number; status: LunaStatus; error: string | null },
): Promise<void> {
  const { id } = await transaction.lunaStreamLog.create({ data: entry });
  if (id % 100n !== 0n) return;
  const [oldest] = await transaction.lunaStreamLog.findMany({
    where: { streamId: entry.streamId },
    orderBy: { id: 'desc' },
    skip: logEntriesMax,
    take: 1,
  });
  if (oldest) await transaction.lunaStreamLog.deleteMany({ where: { streamId: entry.streamId, id: { lte: oldest.id } } });
}

function whereOf({ accountId, cameras }: StreamScope, { groupId, statuses }: StreamFilter): Prisma.LunaStreamWhereInput {
  return {
    accountId,
    OR: [{ cameraId: null }, { camera: visibleCameras(cameras) }],
    ...(statuses && { status: { in: [...statuses] } }),
    ...(groupId !== undefined && { groups: { some: { groupId } } }),
  };
}

function logsWhere(
  scope: StreamScope,
  { streamId, from, to }: { streamId?: string | undefined; from?: Date | undefined; to?: Date | undefined },
): Prisma.LunaStreamLogWhereInput {
  return {
    stream: whereOf(scope, {}),
    ...(streamId !== undefined && { streamId }),
    ...((from ?? to) && { at: { ...(from && { gte: from }), ...(to && { lt: to }) } }),
  };
}
