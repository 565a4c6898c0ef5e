import { hashApiKey, type Principal } from '@nightjar/auth';
import type { NvrDatabase } from '@nightjar/database';
import type { Clock } from '@nightjar/runtime';

/** What a key may do; of which cameras, it says besides. */
export const scopes = {
  /** Cameras and their newest pictures. */
  readCameras: 'cameras:read',
  readRecordings: 'recordings:read',
  /** The list of events, their pictures, and the live stream. */
  readEvents: 'events:read',
  /** Streams and agents of the Luna surface. */
  manageStreams: 'streams:manage',
  /** Has adapters look at pictures. */
  runInference: 'inference:run',
} as const;

/** A revoked key is refused after at most this long. */
const remembersMs = 5_000;
/** Full: the key that was looked up longest ago is forgotten and read again when it comes back. */
const rememberedMax = 1_000;
const lastUsedEveryMs = 60_000;
/** What has another form is not even looked for. */
const keyGrammar = /^nj_[0-9A-Za-z]{49}$/;

type KeyPrincipal = Extract<Principal, { kind: 'api_key' }>;

type WhichKey = { id: string } | { sha256: Uint8Array<ArrayBuffer> };

interface KnownKey {
  principal: KeyPrincipal;
  expiresAtUnixMs: number | undefined;
  readAtMonotonicMs: number;
}

/** Tells whose a key is. Only SHA-256 digests are stored and compared. */
export class ApiKeys {
  private readonly known = new Map<string, KnownKey>();

  constructor(
    private readonly database: NvrDatabase,
    private readonly clock: Clock,
  ) {}

  /** @returns undefined for a key that is unknown, revoked or expired */
  async verify(key: string): Promise<KeyPrincipal | undefined> {
    if (!keyGrammar.test(key)) return undefined;
    const digest = hashApiKey(key);
    return this.recall(digest.toString('base64'), { sha256: Uint8Array.from(digest) });
  }

  /** Of whoever was known by it before and comes with a ticket now. @returns as `verify` */
  find(keyId: string): Promise<KeyPrincipal | undefined> {
    return this.recall(`id ${keyId}`, { id: keyId });
  }

  /** What this process remembers of a key that was revoked. Others remember it for 5 s at most. */
  forget(keyId: string): void {
    for (const [cacheKey, { principal }] of this.known) if (principal.keyId === keyId) this.known.delete(cacheKey);
  }

  private async recall(cacheKey: string, which: WhichKey): Promise<KeyPrincipal | undefined> {
    const remembered = this.known.get(cacheKey);
    const isFresh = remembered !== undefined && this.clock.monotonicMs() - remembered.readAtMonotonicMs < remembersMs;
    const found = isFresh ? remembered : await this.readAndRemember(which, cacheKey);
    if (!found || (found.expiresAtUnixMs !== undefined && found.expiresAtUnixMs <= this.clock.wallMs())) return undefined;
    return found.principal;
  }

  private async readAndRemember(which: WhichKey, cacheKey: string): Promise<KnownKey | undefined> {
    const found = await this.read(which);
    this.known.delete(cacheKey);
    if (!found) return undefined;
    const [oldest] = this.known.keys();
    if (oldest !== undefined && this.known.size >= rememberedMax) this.known.delete(oldest);
    this.known.set(cacheKey, found);
    return found;
  }

  private async read(which: WhichKey): Promise<KnownKey | undefined> {
    const readAtMonotonicMs = this.clock.monotonicMs();
    const row = await this.database.integrationKey.findUnique({ where: which });
    if (!row || row.revokedAt) return undefined;
    await this.noteUse(row.id, row.lastUsedAt);
    const { id: keyId, tenantId, scopes: granted, allCameras, cameraIds } = row;
    return {
      principal: { kind: 'api_key', keyId, tenantId, scopes: granted, cameraIds: allCameras ? 'all' : cameraIds },
      expiresAtUnixMs: row.expiresAt?.getTime(),
      readAtMonotonicMs,
    };
  }

  /** A write for every request would cost more than the request. */
  private async noteUse(id: string, lastUsedAt: Date | null): Promise<void> {
    const usedAtUnixMs = this.clock.wallMs();
    if (lastUsedAt && usedAtUnixMs - lastUsedAt.getTime() < lastUsedEveryMs) return;
    await this.database.integrationKey.updateMany({ where: { id }, data: { lastUsedAt: new Date(usedAtUnixMs) } });
  }
}
