import { randomUUID, timingSafeEqual } from 'node:crypto';
import type { JobId } from '@nightjar/contracts';
import type { JobsDatabase } from '@nightjar/database';
import { AppError, toAppError, type Logger } from '@nightjar/runtime';
import type { CommittedWithJob, JobOwner } from '../jobs/insert-job.js';
import { IdempotencyStore, type KeyLock, type KeyToTake, type OwnedKey } from './idempotency.store.js';
import { LateReleases } from './late-releases.js';
import type { RequestFingerprint } from './request-fingerprint.js';

/** Times of a key; tests shorten them. */
interface KeyTimes {
  /** The key of a gateway that died is free again after this long: its client is asking already. Renewed after a third of it while a request runs. */
  lockMs: number;
  /** How long a repetition is known after the job was made. */
  keptMs: number;
}

const defaultKeyTimes: KeyTimes = { lockMs: 20_000, keptMs: 24 * 3_600_000 };

const runningRetryMs = 2_000;
/** A first request that fails between two looks at its row lets the next one try; nobody loses more often than this. */
const triesMax = 5;

interface KeyedRequest {
  owner: JobOwner;
  /** Undefined: the client did not ask for it; every request is the first. */
  key: string | undefined;
}

/** A request that is whole before it is taken in. */
export interface WholeRequest extends KeyedRequest {
  fingerprint: () => RequestFingerprint;
  /** Takes the request in, and its key in the statement that inserts the job. */
  first: (key: KeyToTake | undefined) => Promise<JobId>;
}

/** A request that makes a job, and may come twice. */
interface RepeatableRequest extends KeyedRequest {
  /** Complete when `first` asks for its grant, and when `repeated` is done. */
  fingerprint: RequestFingerprint;
  /** Takes the request in. What `grant` returns has to be committed with the job. */
  first: (grant: (jobId: JobId) => CommittedWithJob) => Promise<JobId>;
  /** Reads a repeated request into the fingerprint and keeps nothing of it. */
  repeated: () => Promise<void>;
}

export interface MadeJob {
  jobId: JobId;
  /** The job was made by an earlier request with the same key. */
  replayed: boolean;
}

/**
 * Makes one job of all requests that one owner sends with one `Idempotency-Key`. The key's row is locked before the body is read
 * and completed in the statement that inserts the job: whenever a gateway dies, there is a job under the key or there is none.
 */
export class Idempotency {
  private readonly store: IdempotencyStore;
  private readonly lateReleases: LateReleases;

  constructor(private readonly options: { database: JobsDatabase; logger: Logger; times?: KeyTimes }) {
    this.store = new IdempotencyStore(options.database, this.times);
    this.lateReleases = new LateReleases({ store: this.store, lockMs: this.times.lockMs });
  }

  /**
   * @throws AppError `conflict` while the first request runs, `idempotency_mismatch` when it was another one, `unavailable`, and
   *   what `first` and `repeated` throw; a first request that fails frees its key
   */
  async run(request: RepeatableRequest): Promise<MadeJob> {
    const { owner, key } = request;
    if (key === undefined) return { jobId: await request.first(() => ({})), replayed: false };
    const ownedKey = { owner: ownerName(owner), key };
    for (let tries = 0; tries < triesMax; tries++) {
      const lock = await this.store.lock(ownedKey);
      if (lock) return { jobId: await this.runFirst(request, lock), replayed: false };
      const jobId = await this.findRepeated(ownedKey, async () => {
        await request.repeated();
        return request.fingerprint.digest();
      });
      if (jobId !== undefined) return { jobId, replayed: true };
    }
    throw runningElsewhere();
  }

  /**
   * As `run`, for a request that is whole: nothing is read while it is taken in, so its key needs no lock of its own and is written in
   * the statement that inserts the job. Of requests at the same moment one makes the job, the others wait for it.
   */
  async runWhole({ owner, key, fingerprint, first }: WholeRequest): Promise<MadeJob> {
    if (key === undefined) return { jobId: await first(undefined), replayed: false };
    const ownedKey = { owner: ownerName(owner), key };
    const digest = fingerprint().digest();
    try {
      const jobId = await first({ ...ownedKey, lockId: randomUUID(), fingerprint: digest, keptMs: this.times.keptMs });
      return { jobId, replayed: false };
    } catch (error) {
      if (error instanceof AppError && error.code === 'unavailable') throw error;
      // Whatever there was to refuse it for: a repetition hears of the job that there is.
      const jobId = await this.findRepeated(ownedKey, async () => digest);
      if (jobId === undefined) throw error;
      return { jobId, replayed: true };
    }
  }

  private get times(): KeyTimes {
    return this.options.times ?? defaultKeyTimes;
  }

  private async runFirst({ first, fingerprint }: RepeatableRequest, lock: KeyLock): Promise<JobId> {
    const renewing = setInterval(() => void this.quietly('renewed', this.store.renew(lock)), this.times.lockMs / 3);
    try {
      return await first((jobId) => ({ granted: this.store.completion(lock, { jobId, fingerprint: fingerprint.digest() }) }));
    } catch (error) {
      await this.quietly('released', this.store.release(lock), () => this.lateReleases.add(lock));
      throw error;
    } finally {
      clearInterval(renewing);
    }
  }

  /** @returns undefined when the first request failed meanwhile */
  private async findRepeated(ownedKey: OwnedKey, readDigest: () => Promise<Uint8Array>): Promise<JobId | undefined> {
    const record = await this.store.find(ownedKey);
    if (!record) return undefined;
    if (record.state === 'running') throw runningElsewhere();
    if (!timingSafeEqual(await readDigest(), record.fingerprint))
      throw new AppError('idempotency_mismatch', 'this Idempotency-Key was used with another request');
    return record.jobId;
  }

  /** The lock ends by itself: a database that is away costs the next request some seconds, not this one its answer. */
  private async quietly(what: 'renewed' | 'released', step: Promise<void>, whenAway: () => void = () => undefined): Promise<void> {
    try {
      await step;
    } catch (error) {
      this.options.logger.warn('the lock of an Idempotency-Key was not kept as it should be', { wanted: what, error });
      if (toAppError(error).code === 'unavailable') whenAway();
    }
  }
}

function ownerName({ apiKeyId, userId }: JobOwner): string {
  return apiKeyId === undefined ? `user:${userId}` : `key:${apiKeyId}`;
}

function runningElsewhere(): AppError {
  return new AppError('conflict', 'the first request with this Idempotency-Key has not ended yet', { retryAfterMs: runningRetryMs });
}
