import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { WriteEntry } from '../audit/audit-log.js';
import { DATABASE } from '../process-parts.js';
import { createFirstUser } from '../users/first-user.js';

const lifeMs = 24 * 3_600_000;

/** Tokens that let somebody make the first user: one a process that found none, each good until there is a user. */
@Injectable()
export class SetupTokensStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  async isNeeded(): Promise<boolean> {
    return (await this.database.user.count()) === 0;
  }

  /** @returns a token, of which only the digest is kept */
  async make(): Promise<string> {
    const token = randomBytes(18).toString('base64url');
    await this.database.setupToken.deleteMany({ where: { expiresAt: { lt: new Date() } } });
    await this.database.setupToken.create({ data: { sha256: digestOf(token), expiresAt: new Date(Date.now() + lifeMs) } });
    return token;
  }

  /**
   * Makes the first user, with all rights. No token counts afterwards.
   * @throws AppError `permission_denied` for a token that is unknown, too old or used
   */
  async useToken(token: string, admin: { username: string; passwordHash: string }, writeEntry: WriteEntry): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      const isKnown = (await transaction.setupToken.count({ where: { sha256: digestOf(token), expiresAt: { gt: new Date() } } })) === 1;
      if (!isKnown || !(await createFirstUser(transaction, admin, writeEntry)))
        throw new AppError('permission_denied', 'the setup token is wrong, too old or was used');
    });
  }
}

function digestOf(token: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash('sha256').update(token).digest());
}
