import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { SignInPolicies } from '../auth/sign-in-policies.js';
import { invalidField } from '../http/parse-input.js';
import { DATABASE } from '../process-parts.js';
import { problemWithPassword } from './check-password.js';
import { Passwords } from './passwords.js';

/** Passwords that somebody wants to have: held to the policy, and to what the user had before. */
@Injectable()
export class ChosenPasswords {
  constructor(
    private readonly passwords: Passwords,
    private readonly policies: SignInPolicies,
    @Inject(DATABASE) private readonly database: NvrDatabase,
  ) {}

  /**
   * @param owner without an id: somebody who is not there yet
   * @param field name of the password in the request's body
   * @returns the hash to store
   * @throws AppError `unprocessable` for a weak password or one of the user's last ones, `overloaded`
   */
  async hash(password: string, owner: { id?: number; username: string; email?: string | null }, field: string): Promise<string> {
    const policy = await this.policies.current();
    const problem = problemWithPassword(password, owner, policy);
    if (problem !== undefined) throw invalidField('body', field, problem);
    if (owner.id !== undefined && (await this.wasUsed(password, owner.id, policy.formerPasswords)))
      throw invalidField('body', field, `a password must not be one of the last ${policy.formerPasswords}`);
    return this.passwords.hash(password);
  }

  private async wasUsed(password: string, userId: number, formerPasswords: number): Promise<boolean> {
    const former = await this.database.formerPassword.findMany({ where: { userId }, orderBy: { id: 'desc' }, take: formerPasswords });
    for (const { passwordHash } of former) if (await this.passwords.matches(passwordHash, password)) return true;
    return false;
  }
}
