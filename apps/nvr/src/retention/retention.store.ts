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
  tier: RecordingTier;
}

/** A camera of which nothing is to be left. */
export interface ErasedCamera {
  id: number;
  uuid: string;
}

/** A closed file that a bound may take. */
export interface RemovableFile extends ExpiryCandidate {
  file: string;
  startsAt: Date;
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

@Injectable()
export class RetentionStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** Without what is on its way out: a file that cannot be removed must not make others go in its place. */
  async usedBytes(tier: RecordingTier): Promise<number> {
    const { _sum } = await this.database.segment.aggregate({ where: { tier, expiredAt: null }, _sum: { sizeBytes: true } });
    return Number(_sum.sizeBytes ?? 0);
  }

  /** Closed files of a tier in no protected range, oldest first. @param page.after the last that a caller passed by */
  async listRemovable(
    tier: RecordingTier,
    page: { after: Pick<RemovableFile, 'id' | 'startsAt'> | undefined; limit: number },
  ): Promise<RemovableFile[]> {
    const { after = { id: 0, startsAt: new Date(0) }, limit } = page;
    const rows = await this.database.$queryRaw<{ id: bigint; file: string; startsAt: Date; endsAt: Date; sizeBytes: bigint }[]>`
      SELECT id, file, starts_at AS "startsAt", ends_at AS "endsAt", size_bytes AS "sizeBytes"
      FROM nvr.segment AS segment
      WHERE tier = ${tier} AND NOT open AND expired_at IS NULL AND (starts_at, id) > (${after.startsAt}::timestamptz, ${after.id}::bigint)
        AND NOT EXISTS (
          SELECT 1 FROM nvr.protection
          WHERE camera_id = segment.camera_id AND starts_at < segment.ends_at AND ends_at > segment.starts_at)
      ORDER BY starts_at, id
      LIMIT ${limit}`;
    return rows.map(({ id, endsAt, sizeBytes, ...row }) => ({
      ...row,
      id: Number(id),
      endsAtMs: endsAt.getTime(),
      sizeBytes: Number(sizeBytes),
    }));
  }

  /** From now on nobody sees these. One that was protected meanwhile stays as it is. @returns the others */
  async markExpired(ids: readonly number[]): Promise<ExpiredFile[]> {
    const marked = await this.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${protectionLock})`;
      return transaction.$queryRaw<ExpiredRow[]>`
        UPDATE nvr.segment AS segment SET expired_at = now()
        WHERE id = ANY(${[...ids]}::bigint[]) AND NOT open AND expired_at IS NULL AND NOT EXISTS (
          SELECT 1 FROM nvr.protection
          WHERE camera_id = segment.camera_id AND starts_at < segment.ends_at AND ends_at > segment.starts_at)
        RETURNING id, file, tier`;
    });
    return marked.map(expiredFileOf);
  }

  /** Cameras that are being erased and whose files may still be there, by id. The recorder has a minute to end what it writes. */
  listErased(page: { afterId: number; limit: number }): Promise<ErasedCamera[]> {
    return this.database.$queryRaw`
      SELECT id, uuid::text AS uuid FROM nvr.camera
      WHERE erased_at < now() - interval '1 minute' AND files_erased_at IS NULL AND id > ${page.afterId}::int
      ORDER BY id LIMIT ${page.limit}::int`;
  }

  /** All of its files that nobody writes, protected or not. */
  async expireAllOf(cameraId: number): Promise<void> {
    await this.database.segment.updateMany({ where: { cameraId, open: false, expiredAt: null }, data: { expiredAt: new Date() } });
  }

  /** What of a camera is still being written, and what has rows at all. */
  async countFilesOf(cameraId: number): Promise<{ open: number; all: number }> {
    const [open, all] = await Promise.all([
      this.database.segment.count({ where: { cameraId, open: true } }),
      this.database.segment.count({ where: { cameraId } }),
    ]);
    return { open, all };
  }

  /** Nothing of the camera is on the disks any more. */
  async noteFilesErased(cameraId: number): Promise<void> {
    await this.database.$executeRaw`UPDATE nvr.camera SET files_erased_at = now() WHERE id = ${cameraId}`;
  }

  /** Marked files by id. @param page.tiers where a file can be removed now */
  async listExpired(page: { afterId: number; limit: number; tiers: readonly RecordingTier[] }): Promise<ExpiredFile[]> {
    const rows = await this.database.segment.findMany({
      where: { expiredAt: { not: null }, id: { gt: page.afterId }, tier: { in: [...page.tiers] } },
      select: { id: true, file: true, tier: true },
      orderBy: { id: 'asc' },
      take: page.limit,
    });
    return rows.map(expiredFileOf);
  }

  /** They wait for an archive that does not say whether it has them, and no more for the disk that is recorded to. */
  async noteOnlyInArchive(ids: readonly number[]): Promise<void> {
    const data = { tier: 'archive' satisfies RecordingTier };
    await this.database.segment.updateMany({ where: { id: { in: [...ids] }, expiredAt: { not: null } }, data });
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

interface ExpiredRow {
  id: bigint;
  file: string;
  tier: string;
}

/** The column of tiers has a check. */
function expiredFileOf({ id, file, tier }: ExpiredRow): ExpiredFile {
  return { id: Number(id), file, tier: tier === 'archive' ? 'archive' : 'fast' };
}
