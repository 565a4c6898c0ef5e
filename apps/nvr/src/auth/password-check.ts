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
interface PasswordAttempt {
  username: string;
  password: string;
  from: Origin;
  /** Of the second factor. Null asks for none, also of users who have one. */
  code: string | undefined | null;
  /** What the log calls a failure. */
  failure: 'login.failed' | 'password.change_failed' | 'confirmation.failed';
}

interface WrongAttempt {
  verdict: 'wrong';
  user: User | null;
  reason: 'unknown_user' | 'wrong_password' | 'wrong_code';
}
type Found = WrongAttempt | { verdict: 'right'; user: User } | { verdict: 'undecided' };

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
  async check(attempt: PasswordAttempt): Promise<User> {
    const { failure, from, username } = attempt;
    this.limiter.countAttempt(from.address);
    const { attemptsLeft, found } = await this.locks
      .judge(username, () => this.look(attempt))
      .catch((error: unknown) => {
        // He was told nothing about his password. Who tries a locked name goes on being counted.
        if (!(error instanceof AppError && error.code === 'locked')) this.limiter.takeBack(from.address);
        throw error;
      });
    if (found.verdict === 'wrong') {
      await this.audit.record(visitor(from, found.user), ...failureOf(found, { failure, attemptsLeft }));
      throw errorOf(found, attemptsLeft);
    }
    this.limiter.takeBack(from.address);
    if (found.verdict === 'undecided')
      throw loginError('unauthenticated', 'mfa_required', 'sign in with login-json and the code of your authenticator app');
    const { user } = found;
    if (!user.isActive) {
      await this.audit.record(visitor(from, user), { ...actOn(user, failure), details: { reason: 'inactive' } });
      throw loginError('permission_denied', 'forbidden', 'this user is not active');
    }
    return user;
  }

  /** A right password without a code is no failure, and none of the failures before it is forgotten: codes can't be guessed that way. */
  private async look({ username, password, code }: PasswordAttempt): Promise<Found> {
    const user = await this.users.findByUsername(username);
    const matches = await this.passwords.matches(user?.passwordHash, password);
    if (!user || !matches) return { verdict: 'wrong', user, reason: user ? 'wrong_password' : 'unknown_user' };
    if (!user.totpEnabledAt || code === null) return { verdict: 'right', user };
    if (code === undefined) return { verdict: 'undecided' };
    return (await this.secondFactor.accepts(user, code)) ? { verdict: 'right', user } : { verdict: 'wrong', user, reason: 'wrong_code' };
  }
}

/** A name that nobody has may be a password in the wrong field: it is not written down. */
function failureOf(
  { reason, user }: WrongAttempt,
  { failure, attemptsLeft }: { failure: PasswordAttempt['failure']; attemptsLeft: number },
): Act[] {
  const failed: Act = { ...actOn(user, failure), details: { reason } };
  return attemptsLeft > 0 ? [failed] : [failed, actOn(user, 'login.locked')];
}

function errorOf({ reason }: WrongAttempt, attemptsLeft: number): AppError {
  const more = { remaining_attempts: attemptsLeft };
  return reason === 'wrong_code'
    ? loginError('unauthenticated', 'invalid_code', 'the code is wrong, too old or was used', more)
    : loginError('unauthenticated', 'invalid_credentials', 'user name or password is wrong', more);
}

function actOn(user: User | null, action: Act['action']): Act {
  return { action, entityType: 'user', ...(user && { entityId: user.id }) };
}

function loginError(code: 'unauthenticated' | 'permission_denied', error: string, message: string, more: object = {}): AppError {
  return new AppError(code, message, { details: { detail: { error, message, ...more } } });
}
