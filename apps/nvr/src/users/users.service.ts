import { Injectable } from '@nestjs/common';
import { AppError } from '@nightjar/runtime';
import type { Actor } from '../audit/actor.js';
import { AuditLog, type AuditAction, type WriteEntry } from '../audit/audit-log.js';
import { SessionCheck } from '../auth/session-check.js';
import { invalidField } from '../http/parse-input.js';
import { permissionNames, type Role } from '../roles/permissions.js';
import { RolesStore } from '../roles/roles.store.js';
import { ChosenPasswords } from './chosen-passwords.js';
import { userView, type UserView } from './user-view.js';
import { UsersStore, type User, type UserChange } from './users.store.js';

interface NewUser {
  username: string;
  password: string;
  email: string | null;
  firstName: string | null;
  lastName: string | null;
  roleId: number;
}

/** Users of a tenant, for its admins. */
@Injectable()
export class UsersService {
  constructor(
    private readonly store: UsersStore,
    private readonly passwords: ChosenPasswords,
    private readonly roles: RolesStore,
    private readonly audit: AuditLog,
    private readonly sessions: SessionCheck,
  ) {}

  async list(admin: Actor, page: { skip: number; limit: number }): Promise<UserView[]> {
    return (await this.store.list(admin.tenantId, page)).map(userView);
  }

  async show(admin: Actor, userId: number): Promise<UserView> {
    return userView(await this.find(admin, userId));
  }

  async permissionsOf(caller: Actor, userId: number): Promise<{ permissions: readonly string[]; is_superuser: boolean }> {
    const { isSuperuser, role } = await this.find(caller, userId);
    return { permissions: isSuperuser ? permissionNames : role.permissions, is_superuser: isSuperuser };
  }

  /** @throws AppError `unprocessable` for a weak password, `conflict` when the name or the e-mail address is taken */
  async create(admin: Actor, { password, ...user }: NewUser): Promise<UserView> {
    const passwordHash = await this.passwords.hash(password, user, 'password');
    const { name: role } = await this.findRole(user.roleId);
    const details = { username: user.username, role };
    const writeEntry = this.audit.entryOf(admin, { action: 'user.created', entityType: 'user', details });
    return userView(await this.store.create({ ...user, passwordHash, tenantId: admin.tenantId }, writeEntry));
  }

  /**
   * Whoever loses a right, or gets another password, has to sign in again: here at once, at other processes within 5 s.
   * @throws AppError `not_found`, `unprocessable`, `conflict` (rights of one's own, or of the last admin; an e-mail address that
   *   somebody else has)
   */
  async update(admin: Actor, userId: number, { password, ...given }: UserChange & { password?: string | undefined }): Promise<UserView> {
    const known = await this.find(admin, userId);
    if (userId === admin.userId && (given.isActive === false || (given.roleId !== undefined && given.roleId !== known.role.id)))
      throw new AppError('conflict', 'you cannot take your own rights away');
    if (userId === admin.userId && given.totpEnabledAt === null)
      throw new AppError('conflict', 'your own second factor is switched off with a code of it');
    const passwordHash = password === undefined ? undefined : await this.passwords.hash(password, known, 'password');
    const change = definedOnly({ ...given, passwordHash });
    const endsSessions =
      password !== undefined || given.isActive === false || (given.roleId !== undefined && given.roleId !== known.role.id);
    const role = given.roleId === undefined ? known.role : await this.findRole(given.roleId);
    const writeEntry = this.entryOf(admin, { action: 'user.changed', user: known, details: detailsOf(known, change, role) });
    return userView(await this.save(userId, change, { endsSessions, writeEntry }));
  }

  /** Lets a user in again who was switched off, or locked after wrong passwords. @throws AppError `not_found` */
  async activate(admin: Actor, userId: number): Promise<UserView> {
    const known = await this.find(admin, userId);
    const writeEntry = this.entryOf(admin, { action: 'user.activated', user: known, details: {} });
    return userView(await this.save(userId, { isActive: true }, { endsSessions: false, writeEntry }));
  }

  /** @throws AppError `not_found`, `conflict` for oneself */
  async remove(admin: Actor, userId: number): Promise<void> {
    const known = await this.find(admin, userId);
    if (userId === admin.userId) throw new AppError('conflict', 'you cannot remove yourself');
    await this.store.remove(userId, this.entryOf(admin, { action: 'user.deleted', user: known, details: {} }));
    this.sessions.forgetUser(userId);
  }

  /** Cameras that a user may see beside his own. */
  async listGrants(admin: Actor, userId: number): Promise<number[]> {
    await this.find(admin, userId);
    return this.store.listGrants(userId);
  }

  /** @throws AppError `not_found` for a user or a camera that is not there */
  async replaceGrants(admin: Actor, userId: number, cameraIds: readonly number[]): Promise<number[]> {
    const user = await this.find(admin, userId);
    const granted = [...new Set(cameraIds)];
    const details = { camera_ids: granted };
    await this.store.replaceGrants(userId, granted, this.entryOf(admin, { action: 'user.cameras_granted', user, details }));
    return this.store.listGrants(userId);
  }

  private async save(userId: number, change: UserChange, options: { endsSessions: boolean; writeEntry: WriteEntry }): Promise<User> {
    const saved = await this.store.update(userId, change, options);
    this.sessions.forgetUser(userId);
    return saved;
  }

  private entryOf(admin: Actor, { action, user, details }: { action: AuditAction; user: User; details: object }): WriteEntry {
    return this.audit.entryOf(admin, { action, entityType: 'user', entityId: user.id, details: { username: user.username, ...details } });
  }

  private async findRole(roleId: number): Promise<Role> {
    const role = await this.roles.find(roleId);
    if (!role) throw invalidField('body', 'role_id', 'there is no such role');
    return role;
  }

  private async find(admin: Actor, userId: number): Promise<User> {
    const user = await this.store.findInTenant(userId, admin.tenantId);
    if (!user) throw new AppError('not_found', 'User not found');
    return user;
  }
}

/** What is undefined stays as it is. */
function definedOnly(change: UserChange): UserChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

const fieldNames: Record<string, string> = { passwordHash: 'password', totpEnabledAt: 'second factor' };

/** Which fields changed; of rights also from what to what. Not the values of the others: they are about a person. */
function detailsOf(known: User, { isActive, roleId: _, ...others }: UserChange, role: Role): object {
  const fields = Object.keys(others).map((field) => fieldNames[field] ?? field);
  return {
    ...(isActive !== undefined && isActive !== known.isActive && { is_active: { from: known.isActive, to: isActive } }),
    ...(role.id !== known.role.id && { role: { from: known.role.name, to: role.name } }),
    ...(fields.length > 0 && { fields }),
  };
}
