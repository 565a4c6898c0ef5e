import { Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { Actor } from '../audit/actor.js';
import { AuditLog, type AuditAction, type WriteEntry } from '../audit/audit-log.js';
import { cameraScopeOf } from './camera-scope.js';
import { CameraPermissionsStore, type CameraPermission } from './camera-permissions.store.js';
import { CamerasService } from './cameras.service.js';
import type { Camera } from './cameras.store.js';

/** What the caller may do with one camera that he sees. */
interface OwnPermission {
  cameraId: number;
  isOwner: boolean;
  canManage: boolean;
}

/**
 * Who else sees or manages a camera, for its owner and for admins. Who manages a camera gives nobody else a right to it. A right
 * that is taken away ends live pictures and streams within 10 s, and everything else at once.
 */
@Injectable()
export class CameraPermissionsService {
  constructor(
    private readonly cameras: CamerasService,
    private readonly store: CameraPermissionsStore,
    private readonly audit: AuditLog,
  ) {}

  /** @throws AppError `not_found` for a camera that the caller does not see */
  async check(principal: Principal, reference: string): Promise<OwnPermission> {
    const camera = await this.cameras.find(cameraScopeOf(principal), reference);
    const isOwner = principal.kind === 'user' && camera.ownerId === principal.userId;
    return { cameraId: camera.id, isOwner, canManage: await this.store.manages(principal, camera) };
  }

  /** @throws AppError `not_found`, `permission_denied` for who is neither owner nor admin */
  async list(principal: Principal, reference: string): Promise<{ cameraId: number; permissions: CameraPermission[] }> {
    const { id } = await this.findGranted(principal, reference);
    return { cameraId: id, permissions: await this.store.list(id) };
  }

  /** @throws AppError as `list`, and `not_found` for the user */
  async grant(
    principal: Principal,
    request: { reference: string; userId: number; canManage: boolean; by: Actor },
  ): Promise<{ cameraId: number; permission: CameraPermission }> {
    const { by, canManage, reference, userId } = request;
    const camera = await this.findGranted(principal, reference);
    const writeEntry = this.entryOf(by, 'camera.granted', camera, { user_id: userId, can_manage: canManage });
    const granted = { cameraId: camera.id, userId, tenantId: by.tenantId, canManage };
    return { cameraId: camera.id, permission: await this.store.grant(granted, writeEntry) };
  }

  /** @throws AppError as `list`, and `not_found` when the user was granted nothing */
  async revoke(principal: Principal, request: { reference: string; userId: number; by: Actor }): Promise<void> {
    const { by, reference, userId } = request;
    const camera = await this.findGranted(principal, reference);
    await this.store.revoke({ cameraId: camera.id, userId }, this.entryOf(by, 'camera.revoked', camera, { user_id: userId }));
  }

  private async findGranted(principal: Principal, reference: string): Promise<Camera> {
    const camera = await this.cameras.find(cameraScopeOf(principal), reference);
    if (principal.kind !== 'user' || !(principal.isSuperuser || camera.ownerId === principal.userId))
      throw new AppError('permission_denied', 'only its owner and admins say who sees this camera');
    return camera;
  }

  private entryOf(by: Actor, action: AuditAction, camera: Camera, details: Record<string, unknown>): WriteEntry {
    return this.audit.entryOf(by, { action, entityType: 'camera', entityId: camera.id, details: { name: camera.name, ...details } });
  }
}
