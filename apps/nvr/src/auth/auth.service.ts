import { Injectable } from '@nestjs/common';
import { AppError } from '@nightjar/runtime';
import { visitor, type Actor, type Origin } from '../audit/actor.js';
import { AuditLog } from '../audit/audit-log.js';
import { ChosenPasswords } from '../users/chosen-passwords.js';
import { UsersStore, type User } from '../users/users.store.js';
import { AccessTokens } from './access-tokens.js';
import { PasswordCheck } from './password-check.js';
import { SessionCheck } from './session-check.js';
import { SessionsStore } from './sessions.store.js';

/** Who tries to log in, from where. */
interface LoginAttempt {
  username: string;
  password: string;
  /** Of the second factor, for users who have one. */
  code: string | undefined;
  from: Origin;
}

/** What a session gives its user: a token for requests, and one that gets the next pair. */
export interface TokenPair {
  accessToken: string;
  refreshToken: string;
}

@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersStore,
    private readonly passwords: ChosenPasswords,
    private readonly passwordCheck: PasswordCheck,
    private readonly sessions: SessionsStore,
    private readonly sessionCheck: SessionCheck,
    private readonly tokens: AccessTokens,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Checks a password and begins a session.
   * @throws AppError `rate_limited`, `locked`, `overloaded`, `unauthenticated` (user or password wrong), `permission_denied` (inactive)
   */
  async login(attempt: LoginAttempt): Promise<TokenPair> {
    const user = await this.passwordCheck.check({ ...attempt, failure: 'login.failed' });
    const { from } = attempt;
    const writeEntry = this.audit.entryOf(visitor(from, user), { action: 'login.succeeded', entityType: 'session' });
    const { sessionId, refreshToken } = await this.sessions.begin(
      { userId: user.id, tokenVersion: user.tokenVersion, ...from },
      writeEntry,
    );
    return { accessToken: await this.tokens.sign(user, sessionId), refreshToken };
  }

  /**
   * Gives the next pair for a refresh token, which counts no more afterwards. A token that comes back later ends its session.
   * @throws AppError `unauthenticated`
   */
  async refresh(refreshToken: string, from: Origin): Promise<TokenPair> {
    const rotation = await this.sessions.rotate(refreshToken);
    if (rotation.kind === 'reused') await this.endReused(rotation, from);
    const session = rotation.kind === 'rotated' ? rotation.tokens : undefined;
    const user = session && (await this.users.findById(session.userId));
    if (!session || !user?.isActive) throw new AppError('unauthenticated', 'the session has ended: sign in again');
    return { accessToken: await this.tokens.sign(user, session.sessionId), refreshToken: session.refreshToken };
  }

  /** Ends a session: its refresh token at once, its access token here at once and elsewhere within seconds. */
  async logout(sessionId: string, by: Actor): Promise<void> {
    const writeEntry = this.audit.entryOf(by, { action: 'logout', entityType: 'session', entityId: sessionId });
    await this.sessions.end(sessionId, 'signed_out', writeEntry);
    this.sessionCheck.forget(sessionId);
  }

  /**
   * Changes the caller's password; all other sessions of the user end, their access tokens too: here at once, elsewhere within seconds.
   * @returns a new access token for the session that goes on
   * @throws AppError `rate_limited`, `locked`, `overloaded`, `unauthenticated` when the current password is wrong, `unprocessable`
   *   for a weak one
   */
  async changePassword(change: {
    userId: number;
    sessionId: string | undefined;
    currentPassword: string;
    newPassword: string;
    by: Actor;
  }): Promise<string> {
    const { userId, sessionId, currentPassword, newPassword, by } = change;
    const user = await this.findUser(userId);
    const { username } = user;
    await this.passwordCheck.check({ username, password: currentPassword, code: null, from: by, failure: 'password.change_failed' });
    const passwordHash = await this.passwords.hash(newPassword, user, 'new_password');
    const writeEntry = this.audit.entryOf(by, { action: 'password.changed', entityType: 'user', entityId: userId });
    await this.users.changePassword({ userId, passwordHash, keptSessionId: sessionId }, writeEntry);
    this.sessionCheck.forgetUser(userId);
    return this.tokens.sign(await this.findUser(userId), sessionId);
  }

  private async endReused({ sessionId, userId }: { sessionId: string; userId: number }, from: Origin): Promise<void> {
    const by = visitor(from, await this.users.findById(userId));
    const writeEntry = this.audit.entryOf(by, { action: 'session.reused', entityType: 'session', entityId: sessionId });
    await this.sessions.end(sessionId, 'reused', writeEntry);
    this.sessionCheck.forget(sessionId);
  }

  /** @throws AppError `unauthenticated` when the user of a valid token was deleted meanwhile */
  async findUser(userId: number): Promise<User> {
    const user = await this.users.findById(userId);
    if (!user) throw new AppError('unauthenticated', 'Not authenticated');
    return user;
  }
}
