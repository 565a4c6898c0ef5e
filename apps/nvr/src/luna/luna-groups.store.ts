import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { isUniqueViolation, type NvrDatabase } from '@nightjar/database';
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
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

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
  async create(accountId: string, { name, description }: { name: string; description: string }): Promise<LunaGroup> {
    try {
      return await this.database.lunaGroup.create({ data: { id: randomUUID(), accountId, name, description } });
    } catch (error) {
      if (isUniqueViolation(error)) throw managerError('groupNameTaken', `Group with name ${name} already exists`);
      throw error;
    }
  }

  /** The streams stay. @throws AppError `not_found` */
  async remove(accountId: string, id: string): Promise<void> {
    await this.find(accountId, { id });
    await this.database.lunaGroup.delete({ where: { id } });
  }

  async link(groupId: string, streamIds: readonly string[]): Promise<void> {
    await this.database.lunaGroupStream.createMany({ data: streamIds.map((streamId) => ({ groupId, streamId })), skipDuplicates: true });
  }

  /** @throws AppError `not_found` when one of them is not in the group; then all stay */
  async unlink(groupId: string, streamIds: readonly string[]): Promise<void> {
    const linked = await this.database.lunaGroupStream.findMany({ where: { groupId, streamId: { in: [...streamIds] } } });
    const other = streamIds.find((id) => !linked.some(({ streamId }) => streamId === id));
    if (other !== undefined) throw managerError('streamNotInGroup', `Stream ${other} of group ${groupId}`);
    await this.database.lunaGroupStream.deleteMany({ where: { groupId, streamId: { in: [...streamIds] } } });
  }
}
