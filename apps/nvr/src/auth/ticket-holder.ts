import type { Principal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { UsersStore } from '../users/users.store.js';
import type { SessionCheck } from './session-check.js';

/** Who was given a ticket. It is worth something as long as the login that he asked with. */
export interface TicketHolder {
  userId: number;
  sessionId: string | undefined;
  tokenVersion: number;
}

/** The user who holds a ticket, as he is now. @throws AppError `unauthenticated` when his login has ended */
export async function principalOfHolder(holder: TicketHolder, users: UsersStore, sessions: SessionCheck): Promise<Principal> {
  const { sessionId, tokenVersion, userId } = holder;
  const user = await users.findById(userId);
  const session = sessionId === undefined ? {} : { sid: sessionId };
  if (!user || !(await sessions.accepts({ uid: userId, ver: tokenVersion, ...session })))
    throw new AppError('unauthenticated', 'Not authenticated');
  return { kind: 'user', userId, username: user.username, tenantId: user.tenantId, isSuperuser: user.isSuperuser, sessionId };
}

/** What a ticket for this caller has to remember. @throws AppError `permission_denied` for who is no user */
export async function holderOf(principal: Principal, users: UsersStore): Promise<TicketHolder> {
  if (principal.kind !== 'user') throw new AppError('permission_denied', 'only users get tickets');
  const user = await users.findById(principal.userId);
  if (!user) throw new AppError('unauthenticated', 'Not authenticated');
  return { userId: user.id, sessionId: principal.sessionId, tokenVersion: user.tokenVersion };
}
