import { Inject, Injectable } from '@nestjs/common';
import { orUnavailable, type NvrDatabase } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import { DATABASE } from '../process-parts.js';
import { SignInPolicies } from './sign-in-policies.js';

/** What is left to somebody whose attempt was counted. */
export interface CountedAttempt {
  /** Failures that this one may still be followed by before the name is locked; 0: it is locked if this one fails. */
  attemptsLeft: number;
}

/**
 * Locks a user name after some failures in a row, as the policy says; failures older than the lock would last are forgotten. Rows, not memory: it holds over restarts and for all processes. Names that
 * nobody has are counted too, else a lock would tell which ones exist; what addresses may try bounds how many rows there are.
 */
@Injectable()
export class LoginLocks {
  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    private readonly policies: SignInPolicies,
  ) {}

  /**
   * Counts an attempt as failed before its password is checked, so that parallel ones can't slip through. One statement: they
   * come to the row one after the other.
   * @throws AppError `locked` with the time that is left, `unavailable`
   */
  async countAttempt(username: string): Promise<CountedAttempt> {
    const { failuresMax, lockMinutes } = await this.policies.current();
    const lockMs = lockMinutes * 60_000;
    const [counted] = await orUnavailable(
      this.database.$queryRaw<{ failures: number }[]>`
        INSERT INTO nvr.login_failure AS known (username, failures, failed_at) VALUES (${username}, 1, now())
        ON CONFLICT (username) DO UPDATE SET
          failures = CASE WHEN known.failed_at > now() - ${lockMs} * interval '1 ms' THEN known.failures + 1 ELSE 1 END,
          locked_until = CASE WHEN known.failed_at > now() - ${lockMs} * interval '1 ms' AND known.failures + 1 >= ${failuresMax}
            THEN now() + ${lockMs} * interval '1 ms' END,
          failed_at = now()
        WHERE known.locked_until IS NULL OR known.locked_until <= now()
        RETURNING failures`,
    );
    if (!counted) throw await this.locked(username);
    if (counted.failures === 1) await this.forgetOld(lockMs);
    return { attemptsLeft: Math.max(0, failuresMax - counted.failures) };
  }

  /** The user has shown who he is: the row of failures is over. */
  async forget(username: string): Promise<void> {
    await orUnavailable(this.database.loginFailure.deleteMany({ where: { username } }));
  }

  /** An attempt that was counted turned out to be neither right nor wrong. */
  async takeBack(username: string): Promise<void> {
    await orUnavailable(
      this.database.loginFailure.updateMany({ where: { username }, data: { failures: { decrement: 1 }, lockedUntil: null } }),
    );
  }

  private async locked(username: string): Promise<AppError> {
    const [row] = await orUnavailable(
      this.database.$queryRaw<{ leftMs: number }[]>`
        SELECT (extract(epoch FROM locked_until - now()) * 1000)::float AS "leftMs" FROM nvr.login_failure
        WHERE username = ${username} AND locked_until > now()`,
    );
    const retryAfterMs = row?.leftMs ?? 1_000;
    const message = 'too many wrong attempts: this user is locked for a while';
    return new AppError('locked', message, {
      retryAfterMs,
      details: { detail: { error: 'account_locked', message, retry_after_seconds: Math.max(1, Math.ceil(retryAfterMs / 1_000)) } },
    });
  }

  private async forgetOld(lockMs: number): Promise<void> {
    await orUnavailable(this.database.loginFailure.deleteMany({ where: { failedAt: { lt: new Date(Date.now() - 2 * lockMs) } } }));
  }
}
