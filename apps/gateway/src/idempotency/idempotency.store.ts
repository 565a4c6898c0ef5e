import { randomUUID } from 'node:crypto';
import type { JobId } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable, Prisma } from '@nightjar/database';

/** Whose key it is: keys of different owners never meet. */
export interface OwnedKey {
  /** `key:<uuid>` or `user:<id>`. */
  owner: string;
  key: string;
}

/** The right to make the job of a key, for as long as it is renewed. */
export interface KeyLock extends OwnedKey {
  lockId: string;
}

/** A key that nobody has to hold before: it is taken in the statement that inserts its job, if nobody has it by then. */
export interface KeyToTake extends KeyLock {
  fingerprint: Uint8Array;
  /** From then on. */
  keptMs: number;
}

/** What became of the first request with a key. */
type KeyRecord = { state: 'running' } | { state: 'done'; jobId: JobId; fingerprint: Uint8Array };

/** SQL: nobody has a claim to the record any more: its request died, or its time is over. */
const isFree = Prisma.sql`(CASE WHEN record.job_id IS NULL THEN record.locked_until ELSE record.expires_at END) < now()`;

/** Rows of `Idempotency-Key`s. */
export class IdempotencyStore {
  constructor(
    private readonly database: JobsDatabase,
    private readonly times: { lockMs: number; keptMs: number },
  ) {}

  /** @returns undefined when the key is another request's, which runs or has ended */
  async lock({ owner, key }: OwnedKey): Promise<KeyLock | undefined> {
    const lockId = randomUUID();
    const { lockMs, keptMs } = this.times;
    const rows = await orUnavailable(
      this.database.$planned`
        INSERT INTO jobs.idempotency_record AS record (owner, key, lock_id, locked_until, expires_at)
        VALUES (${owner}, ${key}, ${lockId}::uuid, now() + ${lockMs} * interval '1 ms', now() + ${keptMs} * interval '1 ms')
        ON CONFLICT (owner, key) DO UPDATE SET
          lock_id = excluded.lock_id, locked_until = excluded.locked_until, expires_at = excluded.expires_at, job_id = NULL, fingerprint = NULL
        WHERE ${isFree}
        RETURNING owner`,
    );
    return rows.length > 0 ? { owner, key, lockId } : undefined;
  }

  /** @returns undefined when there is none: the first request failed meanwhile */
  async find({ owner, key }: OwnedKey): Promise<KeyRecord | undefined> {
    const row = await orUnavailable(this.database.idempotencyRecord.findUnique({ where: { owner_key: { owner, key } } }));
    if (!row) return undefined;
    return row.jobId === null || row.fingerprint === null
      ? { state: 'running' }
      : { state: 'done', jobId: row.jobId, fingerprint: row.fingerprint };
  }

  async renew({ owner, key, lockId }: KeyLock): Promise<void> {
    await orUnavailable(
      this.database.$executeRaw`
        UPDATE jobs.idempotency_record SET locked_until = now() + ${this.times.lockMs} * interval '1 ms'
        WHERE owner = ${owner} AND key = ${key} AND lock_id = ${lockId}::uuid AND job_id IS NULL`,
    );
  }

  /** Frees the key of a request that failed; one whose job was committed all the same stays. */
  async release({ owner, key, lockId }: KeyLock): Promise<void> {
    await orUnavailable(
      this.database.$executeRaw`
        DELETE FROM jobs.idempotency_record WHERE owner = ${owner} AND key = ${key} AND lock_id = ${lockId}::uuid AND job_id IS NULL`,
    );
  }

  /** SQL for `CommittedWithJob.granted`: names the job under its key, in the statement that inserts the job, if the lock still holds. */
  completion({ owner, key, lockId }: KeyLock, { jobId, fingerprint }: { jobId: JobId; fingerprint: Uint8Array }): Prisma.Sql {
    return Prisma.sql`
      UPDATE jobs.idempotency_record SET job_id = ${jobId}, fingerprint = ${fingerprint}::bytea, expires_at = now() + ${this.times.keptMs} * interval '1 ms'
      WHERE owner = ${owner} AND key = ${key} AND lock_id = ${lockId}::uuid AND job_id IS NULL
      RETURNING key`;
  }
}
