import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import type { NvrDatabase, Prisma } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { WriteEntry } from '../audit/audit-log.js';
import { DATABASE } from '../process-parts.js';
import { manageScopes } from '../roles/permissions.js';

/** What one user may do with a camera that is not his own. */
export interface CameraPermission {
  userId: number;
  username: string;
  canManage: boolean;
  createdAt: Date;
}

/** More than any camera has; the rest is not listed. */
const listedMax = 1_000;

/** Rows of who was granted which camera. */
@Injectable()
export class CameraPermissionsStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** Whether somebody who sees a camera may give it orders. */
  async manages(principal: Principal, camera: { id: number; ownerId: number | null }): Promise<boolean> {
    if (principal.kind !== 'user') return false;
    const { isSuperuser, scopes, userId } = principal;
    if (isSuperuser || camera.ownerId === userId || scopes?.includes(manageScopes.manageCameras)) return true;
    return (await this.database.cameraGrant.count({ where: { userId, cameraId: camera.id, canManage: true } })) > 0;
  }

  /** By user, ascending. */
  async list(cameraId: number): Promise<CameraPermission[]> {
    const rows = await this.database.cameraGrant.findMany({
      where: { cameraId },
      ...withName,
      orderBy: { userId: 'asc' },
      take: listedMax,
    });
    return rows.map(permissionOf);
  }

  /** Sets what a user may do. @throws AppError `not_found` for a user of another tenant, or none */
  async grant(
    granted: { cameraId: number; userId: number; tenantId: number; canManage: boolean },
    writeEntry: WriteEntry,
  ): Promise<CameraPermission> {
    const { cameraId, canManage, tenantId, userId } = granted;
    return this.database.$transaction(async (transaction) => {
      if ((await transaction.user.count({ where: { id: userId, tenantId } })) === 0) throw new AppError('not_found', 'User not found');
      const row = await transaction.cameraGrant.upsert({
        where: { userId_cameraId: { userId, cameraId } },
        create: { userId, cameraId, canManage },
        update: { canManage },
        ...withName,
      });
      await writeEntry(transaction);
      return permissionOf(row);
    });
  }

  /** @throws AppError `not_found` when nothing was granted */
  async revoke({ cameraId, userId }: { cameraId: number; userId: number }, writeEntry: WriteEntry): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      const { count } = await transaction.cameraGrant.deleteMany({ where: { userId, cameraId } });
      if (count === 0) throw new AppError('not_found', 'Permission not found');
      await writeEntry(transaction);
    });
  }
}

const withName = { include: { user: { select: { username: true } } } } as const;

function permissionOf(row: Prisma.CameraGrantGetPayload<typeof withName>): CameraPermission {
  return { userId: row.userId, username: row.user.username, canManage: row.canManage, createdAt: row.createdAt };
}
