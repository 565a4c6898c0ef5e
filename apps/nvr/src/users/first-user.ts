import type { Prisma } from '@nightjar/database';
import type { WriteEntry } from '../audit/audit-log.js';
import { adminRoleId } from '../roles/permissions.js';

/** Serialises first users over all processes; any number that no one else locks. */
const firstUserLock = 72_707_412n;

/**
 * Makes the first user, with all rights. No setup token counts afterwards.
 * @returns false when there is a user, whatever his name, who stays as he is
 */
export async function createFirstUser(
  transaction: Prisma.TransactionClient,
  admin: { username: string; passwordHash: string },
  writeEntry: WriteEntry,
): Promise<boolean> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${firstUserLock})`;
  if ((await transaction.user.count()) > 0) return false;
  const { id, passwordHash } = await transaction.user.create({ data: { ...admin, roleId: adminRoleId, isSuperuser: true } });
  await transaction.formerPassword.create({ data: { userId: id, passwordHash } });
  await transaction.setupToken.deleteMany({});
  await writeEntry(transaction, id);
  return true;
}
