import { timingSafeEqual } from 'node:crypto';
import { hashApiKey, type Principal } from '@nightjar/auth';
import { type JobsDatabase, orUnavailable } from '@nightjar/database';
import type { Clock } from '@nightjar/runtime';

/** What a key may do. */
export const scopes = {
  readJobs: 'jobs:read',
  writeJobs: 'jobs:write',
  /** Make, rotate and revoke the keys of the tenant. */
  manageKeys: 'keys:manage',
  /** See and change whose faces results mark as allowlisted. */
  manageAllowlist: 'allowlist:manage',
} as const;

/** A revoked key is refused after at most this long. */
const remembersMs = 5_000;
/** Full: the key that was looked up longest ago is forgotten and read again when it comes back. */
const rememberedMax = 1_000;
const lastUsedEveryMs = 60_000;

type KeyPrincipal = Extract<Principal, { kind: 'api_key' }>;

/**
 * Asked before a key that this process does not know is looked up.
 * @returns what to call when the key was not a wrong one
 * @throws to refuse the look-up
 */
export type AdmitLookup = () => () => void;

interface KnownKey {
  principal: KeyPrincipal;
  expiresAtUnixMs: number | undefined;
  readAtMonotonicMs: number;
}

const admitAlways: AdmitLookup = () => () => undefined;

/** Tells whose a key is. Only SHA-256 digests are stored and compared. */
export class ApiKeys {
  private readonly known = new Map<string, KnownKey>();
  /** One for each key at a time, however many requests show it. */
  private readonly lookups = new Map<string, Promise<KnownKey | undefined>>();

  constructor(
    private readonly database: JobsDatabase,
    private readonly clock: Clock,
  ) {}

  /**
   * @param admit is not asked for keys that were right before
   * @returns undefined for a key that is unknown, revoked or expired
   * @throws AppError `unavailable` while the database is away, and what `admit` throws
   */
  async verify(key: string, admit = admitAlways): Promise<KeyPrincipal | undefined> {
    const digest = hashApiKey(key);
    const cacheKey = digest.toString('base64');
    const remembered = this.known.get(cacheKey);
    const isFresh = remembered !== undefined && this.clock.monotonicMs() - remembered.readAtMonotonicMs < remembersMs;
    const found = isFresh ? remembered : await this.lookUp(digest, { cacheKey, admit: remembered ? admitAlways : admit });
    if (!found || (found.expiresAtUnixMs !== undefined && found.expiresAtUnixMs <= this.clock.wallMs())) return undefined;
    return found.principal;
  }

  /** What this process remembers of a key that has changed. Others remember it for 5 s at most. */
  forget(keyId: string): void {
    for (const [cacheKey, { principal }] of this.known) if (principal.keyId === keyId) this.known.delete(cacheKey);
  }

  private lookUp(digest: Buffer, { cacheKey, admit }: { cacheKey: string; admit: AdmitLookup }): Promise<KnownKey | undefined> {
    const running = this.lookups.get(cacheKey);
    if (running) return running;
    const wasNotWrong = admit();
    const lookup = this.readAndRemember(digest, { cacheKey, wasNotWrong }).finally(() => this.lookups.delete(cacheKey));
    this.lookups.set(cacheKey, lookup);
    return lookup;
  }

  private async readAndRemember(
    digest: Buffer,
    { cacheKey, wasNotWrong }: { cacheKey: string; wasNotWrong: () => void },
  ): Promise<KnownKey | undefined> {
    let isWrong = false;
    try {
      const found = await this.read(digest);
      isWrong = !found;
      this.remember(cacheKey, found);
      return found;
    } finally {
      // Nor is it wrong when the database could not tell.
      if (!isWrong) wasNotWrong();
    }
  }

  private async read(digest: Buffer): Promise<KnownKey | undefined> {
    const readAtMonotonicMs = this.clock.monotonicMs();
    const row = await orUnavailable(this.database.apiKey.findUnique({ where: { sha256: Uint8Array.from(digest) } }));
    // The index has compared already; this comparison takes the same time wherever two digests differ.
    if (!row || row.revokedAt || !timingSafeEqual(digest, row.sha256)) return undefined;
    await this.noteUse(row.id, row.lastUsedAt);
    return {
      principal: {
        kind: 'api_key',
        keyId: row.id,
        tenantId: row.tenantId,
        scopes: row.scopes,
        faceEmbeddings: row.faceEmbeddings,
        requestsPerMinute: row.requestsPerMinute ?? undefined,
      },
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
