import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { WriteEntry } from '../audit/audit-log.js';
import { visibleCameras, type CameraScope } from '../cameras/camera-scope.js';
import { DATABASE } from '../process-parts.js';

/** A range of time whose recordings stay, whatever the bounds. Unix ms; the end is not part of it. */
export interface Protection {
  id: number;
  cameraId: number;
  startsAtMs: number;
  endsAtMs: number;
  note: string | null;
  createdBy: number | null;
  createdAtMs: number;
}

/** Whoever protects a range and whoever marks files as expired take turns; any number that no one else locks. */
export const protectionLock = 72_707_403n;

/** Of one camera. Each is looked at for every file that may go. */
export const protectionsMax = 1_000;

@Injectable()
export class ProtectionsStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** @throws AppError `conflict` when the camera has as many as it may */
  create(protection: Omit<Protection, 'id' | 'createdAtMs'>, writeEntry: WriteEntry): Promise<Protection> {
    const { cameraId, createdBy, endsAtMs, note, startsAtMs } = protection;
    return this.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${protectionLock})`;
      if ((await transaction.protection.count({ where: { cameraId } })) >= protectionsMax)
        throw new AppError('conflict', `a camera has at most ${protectionsMax} protected ranges: remove one, or protect a longer range`);
      const data = { cameraId, createdBy, note, startsAt: new Date(startsAtMs), endsAt: new Date(endsAtMs) };
      const row = await transaction.protection.create({ data });
      await writeEntry(transaction, Number(row.id));
      return protectionOf(row);
    });
  }

  /** Latest first. */
  async list(query: {
    scope: CameraScope;
    cameraId?: number;
    skip: number;
    limit: number;
  }): Promise<{ found: Protection[]; total: number }> {
    const { cameraId, limit, scope, skip } = query;
    const where = { camera: visibleCameras(scope), ...(cameraId === undefined ? {} : { cameraId }) };
    const [rows, total] = await Promise.all([
      this.database.protection.findMany({ where, orderBy: [{ startsAt: 'desc' }, { id: 'desc' }], skip, take: limit }),
      this.database.protection.count({ where }),
    ]);
    return { found: rows.map(protectionOf), total };
  }

  async find(id: number): Promise<Protection | undefined> {
    const row = await this.database.protection.findUnique({ where: { id } });
    return row ? protectionOf(row) : undefined;
  }

  async remove(id: number, writeEntry: WriteEntry): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      const { count } = await transaction.protection.deleteMany({ where: { id } });
      if (count > 0) await writeEntry(transaction);
    });
  }
}

type ProtectionRow = Awaited<ReturnType<NvrDatabase['protection']['findUniqueOrThrow']>>;

function protectionOf({ id, cameraId, createdAt, createdBy, endsAt, note, startsAt }: ProtectionRow): Protection {
  const times = { startsAtMs: startsAt.getTime(), endsAtMs: endsAt.getTime(), createdAtMs: createdAt.getTime() };
  return { id: Number(id), cameraId, note, createdBy, ...times };
}
