import { Inject, Injectable } from '@nestjs/common';
import { orUnavailable, Prisma, type NvrDatabase } from '@nightjar/database';
import { AppError, sleep } from '@nightjar/runtime';
import { DATABASE } from '../process-parts.js';
import { SignInPolicies } from './sign-in-policies.js';

/** What somebody showed. Undecided: neither right nor wrong, and no reason to forget failures. */
export type Verdict = 'right' | 'wrong' | 'undecided';

interface Bounds {
  failuresMax: number;
  lockMs: number;
}

/** No check takes so long: what is counted as pending since then was lost with its process. */
const pendingMs = 30_000;
/** Several programs of one user may sign in together; passwords are checked in less, one after the other. */
const admitMsMax = 2_000;
const admitEveryMs = 100;

/**
 * Locks a user name after some failures in a row, as the policy says; failures older than the lock would last are forgotten. Rows, not
 * memory: it holds over restarts and for all processes. Names that nobody has are counted too, else a lock would tell which ones exist;
 * what addresses may try bounds how many rows there are.
 *
 * An attempt is pending while it is checked, and no failure before it was found wrong. Failures and pending ones together are never
 * more than lock the name, so that parallel ones can't slip through; one more waits a moment, then it is told to come again.
 */
@Injectable()
export class LoginLocks {
  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    private readonly policies: SignInPolicies,
  ) {}

  /**
   * Lets somebody show who he is, and counts it when he can't. What throws is not counted.
   * @returns what was found, and how many failures may follow before the name is locked; 0 after a wrong one: it is locked now
   * @throws AppError `locked` with the time that is left, `overloaded` while too many are checked, `unavailable`, and what `look` throws
   */
  async judge<Found extends { verdict: Verdict }>(
    username: string,
    look: () => Promise<Found>,
  ): Promise<{ found: Found; attemptsLeft: number }> {
    const { failuresMax, lockMinutes } = await this.policies.current();
    const bounds = { failuresMax, lockMs: lockMinutes * 60_000 };
    await this.admit(username, bounds);
    let found: Found;
    try {
      found = await look();
    } catch (error) {
      // Of two errors the first one tells more; what stays pending is forgotten soon.
      await this.release(username).catch(() => undefined);
      throw error;
    }
    if (found.verdict === 'right') await this.forgetFailures(username);
    const failures = found.verdict === 'wrong' ? await this.addFailure(username, bounds) : await this.release(username);
    return { found, attemptsLeft: Math.max(0, failuresMax - failures) };
  }

  /** Waits a moment where the others are only being checked. */
  private async admit(username: string, bounds: Bounds): Promise<void> {
    const endsAtMs = performance.now() + admitMsMax;
    while (!(await this.isAdmitted(username, bounds))) {
      const refusal = await this.refusal(username);
      if (refusal.code !== 'overloaded' || performance.now() > endsAtMs) throw refusal;
      await sleep(admitEveryMs);
    }
  }

  /** One statement: those who come at the same moment come to the row one after the other. */
  private async isAdmitted(username: string, { failuresMax, lockMs }: Bounds): Promise<boolean> {
    const [admitted] = await orUnavailable(
      this.database.$queryRaw<{ counted: number }[]>`
        INSERT INTO nvr.login_failure AS known (username, failures, pending, failed_at) VALUES (${username}, 0, 1, now())
        ON CONFLICT (username) DO UPDATE SET
          failures = ${failuresThatCount(lockMs)}, pending = ${pendingThatCount} + 1, locked_until = NULL, failed_at = now()
        WHERE (known.locked_until IS NULL OR known.locked_until <= now())
          AND ${failuresThatCount(lockMs)} + ${pendingThatCount} < ${failuresMax}
        RETURNING failures + pending AS counted`,
    );
    if (admitted?.counted === 1) await this.forgetOld(lockMs);
    return admitted !== undefined;
  }

  /** Also where an admin removed the row meanwhile. @returns failures in a row */
  private async addFailure(username: string, { failuresMax, lockMs }: Bounds): Promise<number> {
    const [row] = await orUnavailable(
      this.database.$queryRaw<{ failures: number }[]>`
        INSERT INTO nvr.login_failure AS known (username, failures, failed_at, locked_until)
        VALUES (${username}, 1, now(), CASE WHEN ${failuresMax} <= 1 THEN now() + ${lockMs} * interval '1 ms' END)
        ON CONFLICT (username) DO UPDATE SET
          failures = known.failures + 1, pending = greatest(known.pending - 1, 0), failed_at = now(),
          locked_until = CASE WHEN known.failures + 1 >= ${failuresMax} THEN now() + ${lockMs} * interval '1 ms' ELSE known.locked_until END
        RETURNING failures`,
    );
    return row?.failures ?? failuresMax;
  }

  /** The user has shown who he is: the row of failures is over. Others that are being checked stay counted as such. */
  private async forgetFailures(username: string): Promise<void> {
    await orUnavailable(this.database.loginFailure.updateMany({ where: { username }, data: { failures: 0, lockedUntil: null } }));
  }

  /** An attempt is not checked any more. @returns failures in a row */
  private async release(username: string): Promise<number> {
    const [row] = await orUnavailable(
      this.database.$queryRaw<{ failures: number }[]>`
        UPDATE nvr.login_failure SET pending = greatest(pending - 1, 0) WHERE username = ${username} RETURNING failures`,
    );
    if (row?.failures === 0) await orUnavailable(this.database.loginFailure.deleteMany({ where: { username, failures: 0, pending: 0 } }));
    return row?.failures ?? 0;
  }

  private async refusal(username: string): Promise<AppError> {
    const [row] = await orUnavailable(
      this.database.$queryRaw<{ leftMs: number }[]>`
        SELECT (extract(epoch FROM locked_until - now()) * 1000)::float AS "leftMs" FROM nvr.login_failure
        WHERE username = ${username} AND locked_until > now()`,
    );
    if (!row) return new AppError('overloaded', 'too many logins of this user at once', { retryAfterMs: 1_000 });
    const { leftMs: retryAfterMs } = row;
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

/** Those before a lock that is over, or before a long pause, don't. */
function failuresThatCount(lockMs: number): Prisma.Sql {
  return Prisma.sql`CASE WHEN known.locked_until IS NULL AND known.failed_at > now() - ${lockMs} * interval '1 ms' THEN known.failures ELSE 0 END`;
}

const pendingThatCount = Prisma.sql`CASE WHEN known.failed_at > now() - ${pendingMs} * interval '1 ms' THEN known.pending ELSE 0 END`;
