import { Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import type { Camera } from '../cameras/cameras.store.js';
import { ProtectionsStore, type Protection } from './protections.store.js';

/** Decides who may protect ranges: whoever sees a camera sees them, its owner and superusers make and remove them. */
@Injectable()
export class ProtectionsService {
  constructor(
    private readonly store: ProtectionsStore,
    private readonly cameras: CamerasService,
  ) {}

  /** @throws AppError `not_found`, `permission_denied` for who only sees the camera, `conflict` for one too many */
  async protect(
    principal: Principal,
    request: { reference: string; startsAtMs: number; endsAtMs: number; note: string | null },
  ): Promise<Protection> {
    const { reference, ...range } = request;
    const camera = await this.cameras.find(cameraScopeOf(principal), reference);
    mustManage(principal, camera);
    return this.store.create({ ...range, cameraId: camera.id, createdBy: principal.kind === 'user' ? principal.userId : null });
  }

  /** Latest first, of the cameras that the caller sees. @throws AppError `not_found` */
  async list(
    principal: Principal,
    query: { reference: string | undefined; skip: number; limit: number },
  ): Promise<{ found: Protection[]; total: number }> {
    const { reference, ...page } = query;
    const scope = cameraScopeOf(principal);
    const camera = reference === undefined ? undefined : await this.cameras.find(scope, reference);
    return this.store.list({ ...page, scope, ...(camera ? { cameraId: camera.id } : {}) });
  }

  /** @throws AppError `not_found`, `permission_denied` */
  async remove(principal: Principal, id: number): Promise<void> {
    const protection = await this.store.find(id);
    if (!protection) throw protectionNotFound();
    const camera = await this.cameras.find(cameraScopeOf(principal), String(protection.cameraId)).catch((error: unknown) => {
      // Whose camera it is stays hidden.
      throw error instanceof AppError && error.code === 'not_found' ? protectionNotFound() : error;
    });
    mustManage(principal, camera);
    await this.store.remove(id);
  }
}

function mustManage(principal: Principal, camera: Camera): void {
  if (principal.kind === 'user' && (principal.isSuperuser || principal.userId === camera.ownerId)) return;
  throw new AppError('permission_denied', "only a camera's owner protects its recordings");
}

function protectionNotFound(): AppError {
  return new AppError('not_found', 'Protected range not found');
}
