import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import type { WriteEntry } from '../audit/audit-log.js';
import { DATABASE } from '../process-parts.js';

/** A camera that is being erased. */
export interface ErasedCamera {
  id: number;
  uuid: string;
  framesName: string;
  /** Whether the recorder has nothing left of it. */
  hasNoFiles: boolean;
}

const listedMax = 100;

@Injectable()
export class ErasedCamerasStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** From now on nobody sees the camera, and retention keeps nothing of it. */
  async begin(id: number, writeEntry: WriteEntry): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`
        UPDATE nvr.camera SET erased_at = now(), deleted_at = coalesce(deleted_at, now()), is_active = false WHERE id = ${id} AND erased_at IS NULL`;
      await transaction.protection.deleteMany({ where: { cameraId: id } });
      await writeEntry(transaction);
    });
  }

  async list(): Promise<ErasedCamera[]> {
    const select = { id: true, uuid: true, framesName: true, filesErasedAt: true } as const;
    const rows = await this.database.camera.findMany({
      where: { erasedAt: { not: null } },
      select,
      orderBy: { id: 'asc' },
      take: listedMax,
    });
    return rows.map(({ filesErasedAt, ...camera }) => ({ ...camera, hasNoFiles: filesErasedAt !== null }));
  }

  /** @returns how many rows were removed, at most `limit` */
  removeEvents(cameraId: number, limit: number): Promise<number> {
    return this.database.$executeRaw`
      DELETE FROM nvr.event WHERE (id, started_at) IN (
        SELECT id, started_at FROM nvr.event WHERE camera_id = ${cameraId}::int ORDER BY started_at, id LIMIT ${limit}::int)`;
  }

  /** The row, and with it grants, exports and sessions. @returns false when something of it came meanwhile: it is looked at again */
  async finish(id: number): Promise<boolean> {
    return this.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT 1 FROM nvr.camera WHERE id = ${id} FOR UPDATE`;
      if ((await transaction.segment.count({ where: { cameraId: id } })) > 0) {
        await transaction.$executeRaw`UPDATE nvr.camera SET files_erased_at = NULL WHERE id = ${id}`;
        return false;
      }
      if ((await transaction.event.count({ where: { cameraId: id } })) > 0) return false;
      await transaction.protection.deleteMany({ where: { cameraId: id } });
      await transaction.camera.deleteMany({ where: { id, erasedAt: { not: null }, filesErasedAt: { not: null } } });
      return true;
    });
  }
}
