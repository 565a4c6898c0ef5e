import { Injectable } from '@nestjs/common';
import { AppError } from '@nightjar/runtime';
import { visitor, type Origin } from '../audit/actor.js';
import { AuditLog, type Act } from '../audit/audit-log.js';
import { Passwords } from '../users/passwords.js';
import { UsersStore, type User } from '../users/users.store.js';
import { LoginLimiter } from './login-limiter.js';
import { LoginLocks } from './login-locks.js';
import { SecondFactor } from './second-factor.js';

/** Who tries to show who he is, and where from. */
export interface PasswordAttempt {
  username: string;
  password: string;
  from: Origin;
  /** Of the second factor. Null asks for none, also of users who have one. */
  code: string | undefined | null;
  /** What the log calls a failure. */
  failure: 'login.failed' | 'password.change_failed' | 'confirmation.failed';
}

/** Checks passwords, and how often somebody may try. */
@Injectable()
export class PasswordCheck {
  constructor(
    private readonly users: UsersStore,
    private readonly passwords: Passwords,
    private readonly limiter: LoginLimiter,
    private readonly locks: LoginLocks,
    private readonly secondFactor: SecondFactor,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Takes the same time whether the user exists or not.
   * @throws AppError `rate_limited`, `locked`, `overloaded`, `unauthenticated` (user, password or code wrong, or no code),
   *   `permission_denied` (inactive)
   */
  async check({ username, password, code, from, failure }: PasswordAttempt): Promise<User> {
    this.limiter.countAttempt(from.address);
    const { attemptsLeft } = await this.locks.countAttempt(username);
    const user = await this.users.findByUsername(username);
    const matches = await this.passwords.matches(user?.passwordHash, password);
    if (!user || !matches) {
      await this.audit.record(visitor(from, user), ...failureOf(user, { failure, attemptsLeft }));
      throw loginError('unauthenticated', 'invalid_credentials', 'user name or password is wrong', { remaining_attempts: attemptsLeft });
    }
    if (user.totpEnabledAt && code !== null) await this.checkCode(user, { code, from, attemptsLeft });
    this.limiter.recordSuccess(from.address);
    await this.locks.forget(username);
    if (!user.isActive) {
      await this.audit.record(visitor(from, user), { ...actOn(user, failure), details: { reason: 'inactive' } });
      throw loginError('permission_denied', 'forbidden', 'this user is not active');
    }
    return user;
  }

  /** A right password without a code is no failure, and none of the failures before it is forgotten: codes can't be guessed that way. */
  private async checkCode(
    user: User,
    { code, from, attemptsLeft }: { code: string | undefined; from: Origin; attemptsLeft: number },
  ): Promise<void> {
    if (code === undefined) {
      this.limiter.recordSuccess(from.address);
      await this.locks.takeBack(user.username);
      throw loginError('unauthenticated', 'mfa_required', 'sign in with login-json and the code of your authenticator app');
    }
    if (await this.secondFactor.accepts(user, code)) return;
    const failed: Act = { ...actOn(user, 'login.failed'), details: { reason: 'wrong_code' } };
    await this.audit.record(visitor(from, user), ...(attemptsLeft > 0 ? [failed] : [failed, actOn(user, 'login.locked')]));
    throw loginError('unauthenticated', 'invalid_code', 'the code is wrong, too old or was used', { remaining_attempts: attemptsLeft });
  }
}

/** A name that nobody has may be a password in the wrong field: it is not written down. */
function failureOf(user: User | null, { failure, attemptsLeft }: { failure: PasswordAttempt['failure']; attemptsLeft: number }): Act[] {
  const failed: Act = { ...actOn(user, failure), details: { reason: user ? 'wrong_password' : 'unknown_user' } };
  return attemptsLeft > 0 ? [failed] : [failed, actOn(user, 'login.locked')];
}

function actOn(user: User | null, action: Act['action']): Act {
  return { action, entityType: 'user', ...(user && { entityId: user.id }) };
}

function loginError(code: 'unauthenticated' | 'permission_denied', error: string, message: string, more: object = {}): AppError {
  return new AppError(code, message, { details: { detail: { error, message, ...more } } });
}
