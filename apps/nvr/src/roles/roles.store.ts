import { Inject, Injectable } from '@nestjs/common';
import { isUniqueViolation, type NvrDatabase } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { WriteEntry } from '../audit/audit-log.js';
import { DATABASE } from '../process-parts.js';
import type { Role } from './permissions.js';

/** What an admin decides about a role. */
export interface RoleChange {
  name?: string | undefined;
  description?: string | undefined;
  permissions?: string[] | undefined;
}

/** Rows of roles. */
@Injectable()
export class RolesStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  list(): Promise<Role[]> {
    return this.database.role.findMany({ orderBy: { id: 'asc' } });
  }

  find(id: number): Promise<Role | null> {
    return this.database.role.findUnique({ where: { id } });
  }

  count(): Promise<number> {
    return this.database.role.count();
  }

  /** @throws AppError `conflict` when the name is taken */
  create(role: { name: string; description: string; permissions: string[] }, writeEntry: WriteEntry): Promise<Role> {
    return refuseTakenName(
      this.database.$transaction(async (transaction) => {
        const created = await transaction.role.create({ data: role });
        await writeEntry(transaction, created.id);
        return created;
      }),
    );
  }

  /** @throws AppError `conflict` when the name is taken */
  update(id: number, { name, description, permissions }: RoleChange, writeEntry: WriteEntry): Promise<Role> {
    const data = {
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
      ...(permissions && { permissions }),
    };
    return refuseTakenName(
      this.database.$transaction(async (transaction) => {
        const updated = await transaction.role.update({ where: { id }, data });
        await writeEntry(transaction);
        return updated;
      }),
    );
  }

  /** @throws AppError `conflict` while somebody has the role */
  async remove(id: number, writeEntry: WriteEntry): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      const { count } = await transaction.role.deleteMany({ where: { id, isBuiltin: false, users: { none: {} } } });
      if (count === 0) throw new AppError('conflict', 'there are users with this role');
      await writeEntry(transaction);
    });
  }
}

async function refuseTakenName(saving: Promise<Role>): Promise<Role> {
  try {
    return await saving;
  } catch (error) {
    if (isUniqueViolation(error)) throw new AppError('conflict', 'there is a role of this name');
    throw error;
  }
}
