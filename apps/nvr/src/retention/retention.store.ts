import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { DATABASE } from '../process-parts.js';
import type { RecordingTier } from '../segments/recording-tiers.js';
import type { ExpiryCandidate } from './choose-expired.js';
import { protectionLock } from './protections.store.js';

/** A file on its way out. */
export interface ExpiredFile {
  id: number;
  /** Relative to the directory of a tier. */
  file: string;
}

/** What the recordings of one camera take. Times are Unix ms. */
export interface CameraUsage {
  cameraId: number;
  usedBytes: number;
  /** Of these, those in the archive. */
  archivedBytes: number;
  clips: number;
  startsAtMs: number;
  endsAtMs: number;
}

/** Of one run. */
const erasedMax = 20;

@Injectable()
export class RetentionStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  async usedBytes(tier: RecordingTier): Promise<number> {
    const { _sum } = await this.database.segment.aggregate({ where: { tier }, _sum: { sizeBytes: true } });
    return Number(_sum.sizeBytes ?? 0);
  }

  /** Closed files of a tier in no protected range, oldest first. */
  async listRemovable(tier: RecordingTier, limit: number): Promise<ExpiryCandidate[]> {
    const rows = await this.database.$queryRaw<{ id: bigint; endsAt: Date; sizeBytes: bigint }[]>`
      SELECT id, ends_at AS "endsAt", size_bytes AS "sizeBytes"
      FROM nvr.segment AS segment
      WHERE tier = ${tier} AND NOT open AND expired_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM nvr.protection
        WHERE camera_id = segment.camera_id AND starts_at < segment.ends_at AND ends_at > segment.starts_at)
      ORDER BY starts_at, id
      LIMIT ${limit}`;
    return rows.map(({ id, endsAt, sizeBytes }) => ({ id: Number(id), endsAtMs: endsAt.getTime(), sizeBytes: Number(sizeBytes) }));
  }

  /** From now on nobody sees these. One that was protected meanwhile stays as it is. */
  async markExpired(ids: readonly number[]): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${protectionLock})`;
      await transaction.$executeRaw`
        UPDATE nvr.segment AS segment SET expired_at = now()
        WHERE id = ANY(${[...ids]}::bigint[]) AND NOT open AND expired_at IS NULL AND NOT EXISTS (
          SELECT 1 FROM nvr.protection
          WHERE camera_id = segment.camera_id AND starts_at < segment.ends_at AND ends_at > segment.starts_at)`;
    });
  }

  /** Cameras that are being erased and whose files may still be there. The recorder has a minute to end what it writes. */
  listErased(): Promise<{ id: number; uuid: string }[]> {
    return this.database.$queryRaw`
      SELECT id, uuid::text AS uuid FROM nvr.camera
      WHERE erased_at < now() - interval '1 minute' AND files_erased_at IS NULL ORDER BY id LIMIT ${erasedMax}::int`;
  }

  /** All of its files that nobody writes, protected or not. @returns whether one is still being written */
  async expireAllOf(cameraId: number): Promise<boolean> {
    await this.database.segment.updateMany({ where: { cameraId, open: false, expiredAt: null }, data: { expiredAt: new Date() } });
    return (await this.database.segment.count({ where: { cameraId, open: true } })) > 0;
  }

  /** Nothing of the camera is on the disks any more. */
  async noteFilesErased(cameraId: number): Promise<void> {
    await this.database.$executeRaw`UPDATE nvr.camera SET files_erased_at = now() WHERE id = ${cameraId}`;
  }

  async listExpired(limit: number): Promise<ExpiredFile[]> {
    const rows = await this.database.segment.findMany({
      where: { expiredAt: { not: null } },
      select: { id: true, file: true },
      orderBy: { id: 'asc' },
      take: limit,
    });
    return rows.map(({ id, file }) => ({ id: Number(id), file }));
  }

  /** Their files must be gone. */
  async removeExpired(ids: readonly number[]): Promise<void> {
    await this.database.segment.deleteMany({ where: { id: { in: [...ids] }, expiredAt: { not: null } } });
  }

  /** Of all cameras that have recordings, deleted ones too. */
  async usageByCamera(): Promise<CameraUsage[]> {
    const [groups, archived] = await Promise.all([
      this.database.segment.groupBy({
        by: ['cameraId'],
        where: { expiredAt: null },
        _sum: { sizeBytes: true },
        _count: true,
        _min: { startsAt: true },
        _max: { endsAt: true },
      }),
      this.database.segment.groupBy({ by: ['cameraId'], where: { expiredAt: null, tier: 'archive' }, _sum: { sizeBytes: true } }),
    ]);
    const archivedBytes = new Map(archived.map(({ _sum, cameraId }) => [cameraId, Number(_sum.sizeBytes ?? 0)]));
    return groups.map(({ _count, _max, _min, _sum, cameraId }) => ({
      cameraId,
      usedBytes: Number(_sum.sizeBytes ?? 0),
      archivedBytes: archivedBytes.get(cameraId) ?? 0,
      clips: _count,
      startsAtMs: _min.startsAt?.getTime() ?? 0,
      endsAtMs: _max.endsAt?.getTime() ?? 0,
    }));
  }

  /** What was recorded since, and when the first of it began. */
  async recordedSince(sinceMs: number): Promise<{ bytes: number; firstStartMs: number | undefined }> {
    const { _min, _sum } = await this.database.segment.aggregate({
      where: { startsAt: { gte: new Date(sinceMs) } },
      _sum: { sizeBytes: true },
      _min: { startsAt: true },
    });
    return { bytes: Number(_sum.sizeBytes ?? 0), firstStartMs: _min.startsAt?.getTime() };
  }
}
