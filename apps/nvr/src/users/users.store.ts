import { Inject, Injectable } from '@nestjs/common';
import { isUniqueViolation, type NvrDatabase } from '@nightjar/database';
import { DATABASE } from '../process-parts.js';

/** A user as the database holds it. */
export interface User {
  id: number;
  tenantId: number;
  username: string;
  passwordHash: string;
  isActive: boolean;
  isSuperuser: boolean;
  /** Tokens of an older version are refused. */
  tokenVersion: number;
  createdAt: Date;
  updatedAt: Date;
}

@Injectable()
export class UsersStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  findByUsername(username: string): Promise<User | null> {
    return this.database.user.findUnique({ where: { username } });
  }

  findById(id: number): Promise<User | null> {
    return this.database.user.findUnique({ where: { id } });
  }

  count(): Promise<number> {
    return this.database.user.count();
  }

  /** @returns false when there is a user of that name, who stays as he is */
  async createIfMissing(user: { username: string; passwordHash: string; isSuperuser: boolean }): Promise<boolean> {
    try {
      await this.database.user.create({ data: user });
      return true;
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  }
}
