import { Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { Actor } from '../audit/actor.js';
import { AuditLog } from '../audit/audit-log.js';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import type { Camera } from '../cameras/cameras.store.js';
import { manageScopes } from '../roles/permissions.js';
import { protectionsMax, ProtectionsStore, type Protection } from './protections.store.js';

interface ProtectedRange {
  /** How the caller names the camera. */
  reference: string;
  startsAtMs: number;
  endsAtMs: number;
  note: string | null;
}
interface RangeFlag extends ProtectedRange {
  isFlagged: boolean;
}

/** Decides who may protect ranges: whoever sees a camera sees them; its owner, and users whose role manages recordings, make and remove them. */
@Injectable()
export class ProtectionsService {
  constructor(
    private readonly store: ProtectionsStore,
    private readonly cameras: CamerasService,
    private readonly audit: AuditLog,
  ) {}

  /** @throws AppError `not_found`, `permission_denied` for who only sees the camera, `conflict` for one too many */
  async protect(principal: Principal, request: ProtectedRange, by: Actor): Promise<Protection> {
    const { reference, ...range } = request;
    const camera = await this.cameras.find(cameraScopeOf(principal), reference);
    mustManage(principal, camera);
    const createdBy = principal.kind === 'user' ? principal.userId : null;
    const details = { camera_id: camera.id, start_unix: range.startsAtMs / 1_000, end_unix: range.endsAtMs / 1_000 };
    const writeEntry = this.audit.entryOf(by, { action: 'recording.protected', entityType: 'protection', details });
    return this.store.create({ ...range, cameraId: camera.id, createdBy }, writeEntry);
  }

  /**
   * Protects a range, once however often it is flagged; or lets go of all protected ranges inside of it.
   * @throws AppError as `protect` and `remove`
   */
  async flag(principal: Principal, flag: RangeFlag, by: Actor): Promise<{ cameraId: number }> {
    const { isFlagged, ...range } = flag;
    const camera = await this.cameras.find(cameraScopeOf(principal), range.reference);
    const { found } = await this.list(principal, { reference: String(camera.id), skip: 0, limit: protectionsMax });
    const inside = found.filter(({ endsAtMs, startsAtMs }) => startsAtMs >= range.startsAtMs && endsAtMs <= range.endsAtMs);
    if (!isFlagged) for (const { id } of inside) await this.remove(principal, id, by);
    const isSame = inside.some(({ endsAtMs, startsAtMs }) => startsAtMs === range.startsAtMs && endsAtMs === range.endsAtMs);
    if (isFlagged && !isSame) await this.protect(principal, range, by);
    return { cameraId: camera.id };
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
  async remove(principal: Principal, id: number, by: Actor): Promise<void> {
    const protection = await this.store.find(id);
    if (!protection) throw protectionNotFound();
    const camera = await this.cameras.find(cameraScopeOf(principal), String(protection.cameraId)).catch((error: unknown) => {
      // Whose camera it is stays hidden.
      throw error instanceof AppError && error.code === 'not_found' ? protectionNotFound() : error;
    });
    mustManage(principal, camera);
    const details = { camera_id: camera.id, start_unix: protection.startsAtMs / 1_000, end_unix: protection.endsAtMs / 1_000 };
    await this.store.remove(id, this.audit.entryOf(by, { action: 'recording.released', entityType: 'protection', entityId: id, details }));
  }
}

function mustManage(principal: Principal, camera: Camera): void {
  if (principal.kind === 'user') {
    const mayManage = principal.isSuperuser || principal.scopes?.includes(manageScopes.manageRecordings);
    if (mayManage || principal.userId === camera.ownerId) return;
  }
  throw new AppError('permission_denied', "recordings are protected by their camera's owner and by roles that manage recordings");
}

function protectionNotFound(): AppError {
  return new AppError('not_found', 'Protected range not found');
}
