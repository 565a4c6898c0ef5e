import { Injectable } from '@nestjs/common';
import { AppError } from '@nightjar/runtime';
import type { Actor } from '../audit/actor.js';
import { AuditLog, type AuditAction, type WriteEntry } from '../audit/audit-log.js';
import { SessionCheck } from '../auth/session-check.js';
import type { Permission, Role } from './permissions.js';
import { RolesStore, type RoleChange } from './roles.store.js';

/** Beyond what people can tell apart. */
const rolesMax = 100;

/** What users may do, for admins to decide. Users of a changed role have its new rights here at once, at other processes within 5 s. */
@Injectable()
export class RolesService {
  constructor(
    private readonly store: RolesStore,
    private readonly audit: AuditLog,
    private readonly sessions: SessionCheck,
  ) {}

  list(): Promise<Role[]> {
    return this.store.list();
  }

  /** @throws AppError `not_found` */
  async find(id: number): Promise<Role> {
    const role = await this.store.find(id);
    if (!role) throw new AppError('not_found', 'Role not found');
    return role;
  }

  /** @throws AppError `conflict` when the name is taken, or there are too many */
  async create(admin: Actor, role: { name: string; description: string; permissions: Permission[] }): Promise<Role> {
    if ((await this.store.count()) >= rolesMax) throw new AppError('conflict', `there are ${rolesMax} roles already`);
    const { name, permissions } = role;
    return this.store.create(role, this.entryOf(admin, 'role.created', { details: { name, permissions } }));
  }

  /** @throws AppError `not_found`, `conflict` for a role that came with the NVR, or a name that is taken */
  async update(admin: Actor, id: number, change: RoleChange): Promise<Role> {
    const role = await this.findCustom(id);
    const permissions = change.permissions && { permissions: { from: role.permissions, to: change.permissions } };
    const details = { name: change.name ?? role.name, ...permissions };
    const updated = await this.store.update(id, change, this.entryOf(admin, 'role.changed', { id, details }));
    this.sessions.forgetAll();
    return updated;
  }

  /** @throws AppError `not_found`, `conflict` for a role that came with the NVR, or that somebody has */
  async remove(admin: Actor, id: number): Promise<void> {
    const { name } = await this.findCustom(id);
    await this.store.remove(id, this.entryOf(admin, 'role.deleted', { id, details: { name } }));
  }

  private async findCustom(id: number): Promise<Role> {
    const role = await this.find(id);
    if (role.isBuiltin) throw new AppError('conflict', 'this role stays as it is: make one of your own');
    return role;
  }

  private entryOf(admin: Actor, action: AuditAction, { id, details }: { id?: number; details: Record<string, unknown> }): WriteEntry {
    return this.audit.entryOf(admin, { action, entityType: 'role', ...(id !== undefined && { entityId: id }), details });
  }
}
