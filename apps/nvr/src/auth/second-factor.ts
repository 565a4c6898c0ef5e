import { Inject, Injectable } from '@nestjs/common';
import { SecretBox } from '@nightjar/auth';
import { AppError, type Clock } from '@nightjar/runtime';
import type { Actor } from '../audit/actor.js';
import { AuditLog } from '../audit/audit-log.js';
import { CLOCK } from '../process-parts.js';
import { UsersStore, type User } from '../users/users.store.js';
import { LoginLocks } from './login-locks.js';
import { digestOf, isRecoveryCode, makeRecoveryCodes } from './recovery-codes.js';
import { base32, generateTotpSecret, stepOfCode } from './totp.js';

/** What an authenticator app is given; seen once. */
interface NewSecondFactor {
  secret: string;
  otpauthUrl: string;
}

/** Codes of an authenticator app, which users may ask for beside their password. */
@Injectable()
export class SecondFactor {
  constructor(
    private readonly users: UsersStore,
    private readonly locks: LoginLocks,
    private readonly secretBox: SecretBox,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Gives the user a secret, which counts from `enable` on. @throws AppError `conflict` when there is one that counts */
  async setUp(user: User): Promise<NewSecondFactor> {
    if (user.totpEnabledAt) throw new AppError('conflict', 'there is a second factor already: disable it first');
    const secret = generateTotpSecret();
    await this.users.prepareTotp(user.id, this.secretBox.seal(secret.toString('base64'), purposeOf(user)));
    const text = base32(secret);
    const otpauthUrl = `otpauth://totp/Nightjar:${encodeURIComponent(user.username)}?secret=${text}&issuer=Nightjar`;
    return { secret: text, otpauthUrl };
  }

  /**
   * From now on a code is asked for.
   * @returns recovery codes, seen once
   * @throws AppError `invalid_argument` for a wrong code, `conflict`, `locked`
   */
  async enable(user: User, code: string, by: Actor): Promise<string[]> {
    if (user.totpEnabledAt) throw new AppError('conflict', 'the second factor is on already');
    await this.require(user, code, by);
    const writeEntry = this.audit.entryOf(by, { action: 'mfa.enabled', entityType: 'user', entityId: user.id });
    const recoveryCodes = makeRecoveryCodes();
    const recoveryDigests = recoveryCodes.map(digestOf);
    await this.users.switchTotp(user.id, { enabledAt: new Date(this.clock.wallMs()), recoveryDigests, writeEntry });
    return recoveryCodes;
  }

  /** New recovery codes; those before count no more. @throws AppError `invalid_argument` for a wrong code, `conflict`, `locked` */
  async renewRecoveryCodes(user: User, code: string, by: Actor): Promise<string[]> {
    if (!user.totpEnabledAt) throw new AppError('conflict', 'there is no second factor');
    await this.require(user, code, by);
    const writeEntry = this.audit.entryOf(by, { action: 'mfa.recovery_codes_made', entityType: 'user', entityId: user.id });
    const recoveryCodes = makeRecoveryCodes();
    await this.users.replaceRecoveryCodes(user.id, recoveryCodes.map(digestOf), writeEntry);
    return recoveryCodes;
  }

  /** @throws AppError `invalid_argument` for a wrong code, `conflict`, `locked` */
  async disable(user: User, code: string, by: Actor): Promise<void> {
    if (!user.totpEnabledAt) throw new AppError('conflict', 'there is no second factor');
    await this.require(user, code, by);
    const writeEntry = this.audit.entryOf(by, { action: 'mfa.disabled', entityType: 'user', entityId: user.id });
    await this.users.switchTotp(user.id, { enabledAt: null, recoveryDigests: [], writeEntry });
  }

  /** Whether the code is right; it counts no more afterwards, also for whoever sends it at the same moment. */
  async accepts(user: User, code: string): Promise<boolean> {
    if (!user.encryptedTotpSecret) return false;
    if (isRecoveryCode(code)) return this.users.useRecoveryCode(user.id, digestOf(code));
    const secret = Buffer.from(this.secretBox.open(user.encryptedTotpSecret, purposeOf(user)), 'base64');
    const step = stepOfCode(secret, code, { nowUnixMs: this.clock.wallMs(), usedStep: user.totpUsedStep });
    return step !== undefined && (await this.users.useTotpStep(user.id, step));
  }

  /** Wrong codes count like wrong passwords. @throws AppError `invalid_argument`, `locked`, `overloaded` */
  async require(user: User, code: string, by: Actor): Promise<void> {
    const look = async () => ({ verdict: (await this.accepts(user, code)) ? ('right' as const) : ('wrong' as const) });
    const { found } = await this.locks.judge(user.username, look);
    if (found.verdict === 'right') return;
    await this.audit.record(by, { action: 'mfa.failed', entityType: 'user', entityId: user.id });
    throw new AppError('invalid_argument', 'the code is wrong, too old or was used');
  }
}

function purposeOf({ id }: User): string {
  return `user.${id}.totp`;
}
