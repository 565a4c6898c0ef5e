import { timingSafeEqual } from 'node:crypto';
import { hashApiKey, type Authenticate, type Principal } from '@nightjar/auth';
import { type JobsDatabase, orUnavailable } from '@nightjar/database';
import { AppError, type Clock } from '@nightjar/runtime';
import { presentedKey } from './presented-key.js';

/** What a key may do. */
export const scopes = { readJobs: 'jobs:read', writeJobs: 'jobs:write' } as const;

/** A revoked key is refused after at most this long. */
const remembersMs = 5_000;
/** Full: the key that was looked up longest ago is forgotten and read again when it comes back. */
const rememberedMax = 1_000;
const lastUsedEveryMs = 60_000;

interface KnownKey {
  principal: Extract<Principal, { kind: 'api_key' }>;
  expiresAtUnixMs: number | undefined;
  readAtMonotonicMs: number;
}

/** Tells whose key a request shows. Only SHA-256 digests are stored and compared. */
export class ApiKeys {
  private readonly known = new Map<string, KnownKey>();

  constructor(
    private readonly database: JobsDatabase,
    private readonly clock: Clock,
  ) {}

  /** For `enforcePolicies`: runs before the body is read. @throws AppError `unauthenticated`, `unavailable` */
  readonly authenticate: Authenticate = async (request) => {
    const key = presentedKey(request.headers);
    const principal = key === undefined ? undefined : await this.verify(key);
    // One text for all reasons: it must not tell an expired key from a made-up one.
    if (!principal) throw new AppError('unauthenticated', 'a valid API key is required in X-API-Key');
    return principal;
  };

  /** @returns undefined for a key that is unknown, revoked or expired */
  async verify(key: string): Promise<Principal | undefined> {
    const digest = hashApiKey(key);
    const cacheKey = digest.toString('base64');
    const remembered = this.known.get(cacheKey);
    const isFresh = remembered !== undefined && this.clock.monotonicMs() - remembered.readAtMonotonicMs < remembersMs;
    const found = isFresh ? remembered : await this.read(digest);
    if (!isFresh) this.remember(cacheKey, found);
    if (!found || (found.expiresAtUnixMs !== undefined && found.expiresAtUnixMs <= this.clock.wallMs())) return undefined;
    return found.principal;
  }

  private async read(digest: Buffer): Promise<KnownKey | undefined> {
    const readAtMonotonicMs = this.clock.monotonicMs();
    const row = await orUnavailable(this.database.apiKey.findUnique({ where: { sha256: Uint8Array.from(digest) } }));
    // The index has compared already; this comparison takes the same time wherever two digests differ.
    if (!row || row.revokedAt || !timingSafeEqual(digest, row.sha256)) return undefined;
    await this.noteUse(row.id, row.lastUsedAt);
    return {
      principal: { kind: 'api_key', keyId: row.id, tenantId: row.tenantId, scopes: row.scopes },
      expiresAtUnixMs: row.expiresAt?.getTime(),
      readAtMonotonicMs,
    };
  }

  /** A write for every request would cost more than the request. */
  private async noteUse(id: string, lastUsedAt: Date | null): Promise<void> {
    const usedAtUnixMs = this.clock.wallMs();
    if (lastUsedAt && usedAtUnixMs - lastUsedAt.getTime() < lastUsedEveryMs) return;
    await orUnavailable(this.database.apiKey.updateMany({ where: { id }, data: { lastUsedAt: new Date(usedAtUnixMs) } }));
  }

  private remember(cacheKey: string, found: KnownKey | undefined): void {
    this.known.delete(cacheKey);
    if (!found) return;
    const [oldest] = this.known.keys();
    if (oldest !== undefined && this.known.size >= rememberedMax) this.known.delete(oldest);
    this.known.set(cacheKey, found);
  }
}
