import { Inject, Injectable } from '@nestjs/common';
import { orUnavailable, type NvrDatabase } from '@nightjar/database';
import type { Clock } from '@nightjar/runtime';
import type { Actor } from '../audit/actor.js';
import { AuditLog } from '../audit/audit-log.js';
import { CLOCK, DATABASE } from '../process-parts.js';
import type { PasswordRules } from '../users/check-password.js';

/** How people sign in, as an admin decided it. */
export interface SignInPolicy extends PasswordRules {
  /** How many of his last passwords a user may not take again; 0: he may. */
  formerPasswords: number;
  /** Wrong passwords in a row that lock a name. */
  failuresMax: number;
  lockMinutes: number;
  /** Whether users who do more than look get nothing but their own sign-in settings until they have a second factor. */
  requiresMfaOfPrivileged: boolean;
}

export const defaultSignInPolicy: SignInPolicy = {
  passwordLengthMin: 8,
  passwordKindsMin: 3,
  refusesUsername: true,
  passphraseLength: 16,
  formerPasswords: 5,
  failuresMax: 5,
  lockMinutes: 3,
  requiresMfaOfPrivileged: false,
};

const policyId = 1;
/** A change counts in every process after at most this long. */
const cacheMs = 5_000;

/** Reads the policy, which every sign-in asks for, and changes it. */
@Injectable()
export class SignInPolicies {
  private known: { policy: Promise<SignInPolicy>; readAtMs: number } | undefined;

  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  current(): Promise<SignInPolicy> {
    const nowMs = this.clock.monotonicMs();
    if (this.known && nowMs - this.known.readAtMs < cacheMs) return this.known.policy;
    const read = { policy: this.read(), readAtMs: nowMs };
    this.known = read;
    read.policy.catch(() => {
      if (this.known === read) this.known = undefined;
    });
    return read.policy;
  }

  /** What is undefined stays. */
  async change(
    admin: Actor,
    change: { [Name in keyof SignInPolicy]?: SignInPolicy[Name] | undefined },
    audit: AuditLog,
  ): Promise<SignInPolicy> {
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const writeEntry = audit.entryOf(admin, { action: 'sign_in_policy.changed', entityType: 'sign_in_policy', details: given });
    await this.database.$transaction(async (transaction) => {
      await transaction.signInPolicy.upsert({ where: { id: policyId }, create: { id: policyId, ...given }, update: given });
      await writeEntry(transaction);
    });
    this.known = undefined;
    return this.current();
  }

  private async read(): Promise<SignInPolicy> {
    const row = await orUnavailable(this.database.signInPolicy.findUnique({ where: { id: policyId } }));
    return row ?? defaultSignInPolicy;
  }
}
