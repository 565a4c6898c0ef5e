import { Injectable } from '@nestjs/common';
import { AppError } from '@nightjar/runtime';
import type { Actor } from '../audit/actor.js';
import { UsersStore } from '../users/users.store.js';
import { PasswordCheck } from './password-check.js';
import { SecondFactor } from './second-factor.js';

/** Asks who is signed in to show once more that it is he, before what can't be taken back. */
@Injectable()
export class OwnConfirmation {
  constructor(
    private readonly users: UsersStore,
    private readonly passwords: PasswordCheck,
    private readonly secondFactor: SecondFactor,
  ) {}

  /**
   * A code of his second factor; his password where he has none. What is wrong counts as it does at a login.
   * @throws AppError `permission_denied` (nothing given, or a wrong password: the session goes on), `invalid_argument` (a wrong code),
   *   `locked`, `rate_limited`, `overloaded`
   */
  async require(by: Actor, given: { code: string | undefined; password: string | undefined }): Promise<void> {
    const user = by.userId === null ? null : await this.users.findById(by.userId);
    if (!user) throw refusal('forbidden', 'only users can confirm this');
    if (user.totpEnabledAt) {
      if (given.code === undefined) throw refusal('mfa_required', 'a code of your second factor is needed in X-MFA-Code');
      return this.secondFactor.require(user, given.code, by);
    }
    if (given.password === undefined) throw refusal('password_required', 'without a second factor your password is needed');
    const attempt = { username: user.username, password: given.password, code: null, from: by, failure: 'confirmation.failed' } as const;
    await this.passwords.check(attempt).catch((error: unknown) => {
      const isWrong = error instanceof AppError && error.code === 'unauthenticated';
      throw isWrong ? refusal('invalid_credentials', 'the password is wrong') : error;
    });
  }
}

function refusal(error: string, message: string): AppError {
  return new AppError('permission_denied', message, { details: { detail: { error, message } } });
}
