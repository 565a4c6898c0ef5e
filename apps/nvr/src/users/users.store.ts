import { Inject, Injectable } from '@nestjs/common';
import { isUniqueViolation, type NvrDatabase, type Prisma } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { WriteEntry } from '../audit/audit-log.js';
import { DATABASE } from '../process-parts.js';
import { adminRoleId, type Role } from '../roles/permissions.js';
import { createFirstUser } from './first-user.js';

/** Serialises changes of who has which rights and e-mail address; any number that no one else locks. */
const usersLock = 72_707_410n;

/** More than any policy asks for. */
const formerPasswordsMax = 24;
const withRole = { role: true } as const;
const noTotp = { totpEnabledAt: null, encryptedTotpSecret: null, totpUsedStep: null };

/** A user as the database holds it. */
export interface User {
  id: number;
  tenantId: number;
  username: string;
  passwordHash: string;
  isActive: boolean;
  isSuperuser: boolean;
  role: Role;
  /** Tokens of an older version are refused. */
  tokenVersion: number;
  email: string | null;
  firstName: string | null;
  lastName: string | null;
  encryptedTotpSecret: Uint8Array | null;
  /** Since when a code is asked for; null: none is. */
  totpEnabledAt: Date | null;
  totpUsedStep: bigint | null;
  createdAt: Date;
  updatedAt: Date;
}

/** What an admin decides about a user; undefined leaves it. */
export interface UserChange {
  email?: string | null | undefined;
  firstName?: string | null | undefined;
  lastName?: string | null | undefined;
  isActive?: boolean | undefined;
  /** The role of admins makes a superuser, and nothing else does. */
  roleId?: number | undefined;
  passwordHash?: string | undefined;
  /** Takes the second factor away, for somebody who lost it. */
  totpEnabledAt?: null | undefined;
}

/** A user who is not there yet. */
type NewUserRow = Pick<Prisma.UserUncheckedCreateInput, 'username' | 'passwordHash' | 'tenantId' | 'email' | 'firstName' | 'lastName'> & {
  roleId: number;
};

@Injectable()
export class UsersStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  async isThereAny(): Promise<boolean> {
    return (await this.database.user.count()) > 0;
  }

  /** @returns whether he was made: not when there is any user, or one comes at the same moment */
  createFirst(admin: { username: string; passwordHash: string }, writeEntry: WriteEntry): Promise<boolean> {
    return this.database.$transaction((transaction) => createFirstUser(transaction, admin, writeEntry));
  }

  findByUsername(username: string): Promise<User | null> {
    return this.database.user.findUnique({ where: { username }, include: withRole });
  }

  findById(id: number): Promise<User | null> {
    return this.database.user.findUnique({ where: { id }, include: withRole });
  }

  /**
   * Sets a new password. Every token and session that the user has so far ends with it, in one transaction.
   * @param keptSessionId the session that changed it goes on
   */
  async changePassword(
    change: { userId: number; passwordHash: string; keptSessionId: string | undefined },
    writeEntry: WriteEntry,
  ): Promise<void> {
    const { userId, passwordHash, keptSessionId } = change;
    await this.database.$transaction(async (transaction) => {
      await transaction.user.update({ where: { id: userId }, data: { passwordHash, tokenVersion: { increment: 1 } } });
      await rememberPassword(transaction, userId, passwordHash);
      await endSessions(transaction, { userId, keptSessionId });
      await writeEntry(transaction);
    });
  }

  list(tenantId: number, page: { skip: number; limit: number }): Promise<User[]> {
    return this.database.user.findMany({
      where: { tenantId },
      include: withRole,
      orderBy: { id: 'asc' },
      skip: page.skip,
      take: page.limit,
    });
  }

  findInTenant(id: number, tenantId: number): Promise<User | null> {
    return this.database.user.findFirst({ where: { id, tenantId }, include: withRole });
  }

  /** @throws AppError `conflict` when the name or the e-mail address is taken */
  async create(user: NewUserRow, writeEntry: WriteEntry): Promise<User> {
    try {
      return await this.database.$transaction(async (transaction) => {
        if (user.email) {
          await takeTurn(transaction);
          await refuseTakenEmail(transaction, user.email);
        }
        const created = await transaction.user.create({
          data: { ...user, isSuperuser: user.roleId === adminRoleId },
          include: withRole,
        });
        await rememberPassword(transaction, created.id, created.passwordHash);
        await writeEntry(transaction, created.id);
        return created;
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw new AppError('conflict', 'there is a user of this name');
      throw error;
    }
  }

  /**
   * Changes a user. Tokens and sessions end when it takes a right or the password away; a lock ends when it gives one.
   * @throws AppError `conflict` when nobody with all rights would be left, or the e-mail address is somebody else's; `not_found`
   */
  async update(id: number, change: UserChange, options: { endsSessions: boolean; writeEntry: WriteEntry }): Promise<User> {
    return this.database.$transaction(async (transaction) => {
      await takeTurn(transaction);
      if ((await transaction.user.count({ where: { id } })) === 0) throw new AppError('not_found', 'User not found');
      if (change.email) await refuseTakenEmail(transaction, change.email, id);
      const user = await transaction.user.update({
        where: { id },
        data: {
          ...change,
          ...(change.roleId === undefined ? {} : { isSuperuser: change.roleId === adminRoleId }),
          ...(change.totpEnabledAt === null ? noTotp : {}),
          ...(options.endsSessions ? { tokenVersion: { increment: 1 } } : {}),
        },
        include: withRole,
      });
      if (change.passwordHash !== undefined) await rememberPassword(transaction, id, change.passwordHash);
      if (change.totpEnabledAt === null) await transaction.recoveryCode.deleteMany({ where: { userId: id } });
      if (options.endsSessions) await endSessions(transaction, { userId: id });
      if (change.isActive === true || change.passwordHash !== undefined)
        await transaction.loginFailure.deleteMany({ where: { username: user.username } });
      await requireSuperuser(transaction);
      await options.writeEntry(transaction);
      return user;
    });
  }

  /** Sessions and grants go with the user; his cameras stay, without an owner. @throws AppError `conflict` as `update` */
  async remove(id: number, writeEntry: WriteEntry): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      await takeTurn(transaction);
      const { count } = await transaction.user.deleteMany({ where: { id } });
      await requireSuperuser(transaction);
      if (count > 0) await writeEntry(transaction);
    });
  }

  /** A secret that does not count yet. One that counts stays. */
  async prepareTotp(userId: number, encryptedTotpSecret: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.database.user.updateMany({ where: { id: userId, totpEnabledAt: null }, data: { encryptedTotpSecret, totpUsedStep: null } });
  }

  /**
   * @param enabledAt null switches it off and forgets the secret
   * @param recoveryDigests SHA-256 of the codes that stand in for it from now on, and of no others
   */
  async switchTotp(
    userId: number,
    { enabledAt, recoveryDigests, writeEntry }: { enabledAt: Date | null; recoveryDigests: readonly Buffer[]; writeEntry: WriteEntry },
  ): Promise<void> {
    const data = enabledAt ? { totpEnabledAt: enabledAt } : noTotp;
    await this.database.$transaction(async (transaction) => {
      await transaction.user.update({ where: { id: userId }, data });
      await replaceRecoveryCodes(transaction, userId, recoveryDigests);
      await writeEntry(transaction);
    });
  }

  async replaceRecoveryCodes(userId: number, digests: readonly Buffer[], writeEntry: WriteEntry): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      await replaceRecoveryCodes(transaction, userId, digests);
      await writeEntry(transaction);
    });
  }

  /** @returns whether there was such a code; it counts no more */
  async useRecoveryCode(userId: number, digest: Buffer): Promise<boolean> {
    const { count } = await this.database.recoveryCode.deleteMany({ where: { userId, sha256: Uint8Array.from(digest) } });
    return count === 1;
  }

  /** @returns false when a code of this step or a later one was used before */
  async useTotpStep(userId: number, step: bigint): Promise<boolean> {
    const isUnused = { OR: [{ totpUsedStep: null }, { totpUsedStep: { lt: step } }] };
    const { count } = await this.database.user.updateMany({ where: { id: userId, ...isUnused }, data: { totpUsedStep: step } });
    return count === 1;
  }

  /** Ids of the cameras that were granted to a user, ascending. */
  async listGrants(userId: number): Promise<number[]> {
    const rows = await this.database.cameraGrant.findMany({ where: { userId }, orderBy: { cameraId: 'asc' }, select: { cameraId: true } });
    return rows.map(({ cameraId }) => cameraId);
  }

  /** From now on exactly these cameras are granted to a user. @throws AppError `not_found` for one that is not there */
  async replaceGrants(userId: number, cameraIds: readonly number[], writeEntry: WriteEntry): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      const found = await transaction.camera.count({ where: { id: { in: [...cameraIds] }, deletedAt: null } });
      if (found !== cameraIds.length) throw new AppError('not_found', 'Camera not found');
      await transaction.cameraGrant.deleteMany({ where: { userId, NOT: { cameraId: { in: [...cameraIds] } } } });
      await transaction.cameraGrant.createMany({ data: cameraIds.map((cameraId) => ({ userId, cameraId })), skipDuplicates: true });
      await writeEntry(transaction);
    });
  }
}

async function replaceRecoveryCodes(transaction: Prisma.TransactionClient, userId: number, digests: readonly Buffer[]): Promise<void> {
  await transaction.recoveryCode.deleteMany({ where: { userId } });
  await transaction.recoveryCode.createMany({ data: digests.map((digest) => ({ userId, sha256: Uint8Array.from(digest) })) });
}

async function rememberPassword(transaction: Prisma.TransactionClient, userId: number, passwordHash: string): Promise<void> {
  await transaction.formerPassword.create({ data: { userId, passwordHash } });
  const kept = { where: { userId }, orderBy: { id: 'desc' }, skip: formerPasswordsMax, take: 1 } as const;
  const [tooOld] = await transaction.formerPassword.findMany(kept);
  if (tooOld) await transaction.formerPassword.deleteMany({ where: { userId, id: { lte: tooOld.id } } });
}

async function endSessions(
  transaction: Prisma.TransactionClient,
  { userId, keptSessionId }: { userId: number; keptSessionId?: string | undefined },
): Promise<void> {
  await transaction.session.updateMany({
    where: { userId, revokedAt: null, ...(keptSessionId === undefined ? {} : { NOT: { id: keptSessionId } }) },
    data: { revokedAt: new Date(), revokedBecause: 'password_changed' },
  });
}

/** Two admins who switch each other off at the same moment do it one after the other; the second finds himself alone. */
async function takeTurn(transaction: Prisma.TransactionClient): Promise<void> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${usersLock})`;
}

/**
 * Of those who take turns only one gets an address. Not a unique index: databases of before may hold an address twice. Who has it with
 * others already may go on to send it, since clients send back what they read.
 * @throws AppError `conflict`
 */
async function refuseTakenEmail(transaction: Prisma.TransactionClient, email: string, userId: number | null = null): Promise<void> {
  const holders = await transaction.$queryRaw<{ id: number }[]>`SELECT id FROM nvr."user" WHERE lower(email) = lower(${email})`;
  if (holders.length > 0 && !holders.some(({ id }) => id === userId))
    throw new AppError('conflict', 'there is a user with this e-mail address');
}

async function requireSuperuser(transaction: Prisma.TransactionClient): Promise<void> {
  if ((await transaction.user.count({ where: { isSuperuser: true, isActive: true } })) === 0)
    throw new AppError('conflict', 'nobody with all rights would be left');
}
