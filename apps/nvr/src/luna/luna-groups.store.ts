import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { isUniqueViolation, type NvrDatabase, type Prisma } from '@nightjar/database';
import type { Actor } from '../audit/actor.js';
import { AuditLog, type AuditAction } from '../audit/audit-log.js';
import { DATABASE } from '../process-parts.js';
import { managerError } from './manager-errors.js';

export interface LunaGroup {
  id: string;
  accountId: string;
  name: string;
  description: string;
  createdAt: Date;
}

/** Groups of streams. Their names are unique within an account. */
@Injectable()
export class LunaGroupsStore {
  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    private readonly audit: AuditLog,
  ) {}

  list(accountId: string): Promise<LunaGroup[]> {
    return this.database.lunaGroup.findMany({ where: { accountId }, orderBy: { name: 'asc' } });
  }

  /** By id, or by name. @throws AppError `not_found` */
  async find(accountId: string, { id, name }: { id?: string | undefined; name?: string | undefined }): Promise<LunaGroup> {
    const where = { accountId, ...(id !== undefined && { id }), ...(name !== undefined && { name }) };
    const group = id === undefined && name === undefined ? null : await this.database.lunaGroup.findFirst({ where });
    if (!group) throw managerError('groupNotFound', `Group ${id ?? name ?? ''}`);
    return group;
  }

  /** @throws AppError `conflict` when the name is taken */
  async create(accountId: string, { name, description }: { name: string; description: string }, by: Actor): Promise<LunaGroup> {
    try {
      return await this.database.$transaction(async (transaction) => {
        const group = await transaction.lunaGroup.create({ data: { id: randomUUID(), accountId, name, description } });
        await this.note(transaction, by, { action: 'group.created', group });
        return group;
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw managerError('groupNameTaken', `Group with name ${name} already exists`);
      throw error;
    }
  }

  /** The streams stay. @throws AppError `not_found` */
  async remove(accountId: string, id: string, by: Actor): Promise<void> {
    const group = await this.find(accountId, { id });
    await this.database.$transaction(async (transaction) => {
      const { count } = await transaction.lunaGroup.deleteMany({ where: { id } });
      if (count > 0) await this.note(transaction, by, { action: 'group.removed', group });
    });
  }

  async link(group: LunaGroup, streamIds: readonly string[], by: Actor): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      const data = streamIds.map((streamId) => ({ groupId: group.id, streamId }));
      const { count } = await transaction.lunaGroupStream.createMany({ data, skipDuplicates: true });
      if (count > 0) await this.note(transaction, by, { action: 'group.changed', group, linked: streamIds });
    });
  }

  /** @throws AppError `not_found` when one of them is not in the group; then all stay */
  async unlink(group: LunaGroup, streamIds: readonly string[], by: Actor): Promise<void> {
    const where = { groupId: group.id, streamId: { in: [...streamIds] } };
    await this.database.$transaction(async (transaction) => {
      const linked = await transaction.lunaGroupStream.findMany({ where });
      const other = streamIds.find((id) => !linked.some(({ streamId }) => streamId === id));
      if (other !== undefined) throw managerError('streamNotInGroup', `Stream ${other} of group ${group.id}`);
      await transaction.lunaGroupStream.deleteMany({ where });
      await this.note(transaction, by, { action: 'group.changed', group, unlinked: streamIds });
    });
  }

  private note(
    transaction: Prisma.TransactionClient,
    by: Actor,
    { action, group, ...streams }: { action: AuditAction; group: LunaGroup; linked?: readonly string[]; unlinked?: readonly string[] },
  ): Promise<void> {
    const details = { name: group.name, ...streams };
    return this.audit.entryOf(by, { action, entityType: 'group', entityId: group.id, details })(transaction);
  }
}
