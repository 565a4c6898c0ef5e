import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** An entry as it is stored, without its hash. */
export interface AuditRecord {
  id: bigint;
  at: Date;
  tenantId: number;
  actorUserId: number | null;
  actorName: string;
  action: string;
  entityType: string;
  entityId: string | null;
  details: unknown;
  address: string;
  userAgent: string;
  requestId: string;
}
export type ChainedRecord = AuditRecord & { hash: Uint8Array };

/** Where the log ends. */
interface ChainHead {
  entryId: bigint;
  hash: Uint8Array;
  seal: Uint8Array;
}

/** What is wrong with the log, from the first entry on that does not fit. */
export interface ChainFault {
  kind: 'altered' | 'missing' | 'inserted' | 'resealed' | 'incomplete';
  entryId: bigint;
}

/** What the first entry's hash covers instead of a predecessor. */
export const hashBeforeFirst = new Uint8Array(32);

/** SHA-256 over the hash of the entry before and the canonical JSON of this one. */
export function hashOfEntry(previousHash: Uint8Array, entry: AuditRecord): Uint8Array<ArrayBuffer> {
  const { id, at, tenantId, actorUserId, actorName, action, entityType, entityId, details, address, userAgent, requestId } = entry;
  const who = { tenantId, actorUserId, actorName, address, userAgent, requestId };
  const text = canonicalJson({ id: String(id), at: at.toISOString(), ...who, action, entityType, entityId, details });
  return Uint8Array.from(createHash('sha256').update(previousHash).update(text, 'utf8').digest());
}

/** Signs where the log ends. Whoever has the database but not this key can't cut entries off, nor write the log anew. */
export class ChainSeal {
  private readonly key: Buffer;

  /** @param secretKeyBase64 32 bytes in base64 (NIGHTJAR_SECRET_KEY) */
  constructor(secretKeyBase64: string) {
    this.key = Buffer.from(hkdfSync('sha256', Buffer.from(secretKeyBase64, 'base64'), '', 'nightjar audit head', 32));
  }

  make({ entryId, hash }: Omit<ChainHead, 'seal'>): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(createHmac('sha256', this.key).update(`${entryId}.`).update(hash).digest());
  }

  fits(head: ChainHead): boolean {
    const expected = this.make(head);
    return head.seal.length === expected.length && timingSafeEqual(head.seal, expected);
  }
}

/** Follows the log from its first entry to its end, and tells of the first one that does not fit. */
export class ChainWalk {
  private lastId = 0n;
  private lastHash: Uint8Array = hashBeforeFirst;

  /** @param head null when there is none, as before the first entry */
  constructor(
    private readonly head: ChainHead | null,
    private readonly seal: ChainSeal,
  ) {}

  /** Takes the next entry, in the order of ids. */
  next(entry: ChainedRecord): ChainFault | undefined {
    const expectedId = this.lastId + 1n;
    if (entry.id < expectedId || entry.id > (this.head?.entryId ?? 0n)) return { kind: 'inserted', entryId: entry.id };
    if (entry.id > expectedId) return { kind: 'missing', entryId: expectedId };
    if (!equal(hashOfEntry(this.lastHash, entry), entry.hash)) return { kind: 'altered', entryId: entry.id };
    this.lastId = entry.id;
    this.lastHash = entry.hash;
    return undefined;
  }

  /** There are no more entries. Whether an empty log may be empty, and a whole one is all of the log, it can't tell. */
  end(): ChainFault | undefined {
    if (!this.head) return undefined;
    if (this.lastId < this.head.entryId) return { kind: 'missing', entryId: this.lastId + 1n };
    if (!equal(this.head.hash, this.lastHash) || !this.seal.fits(this.head)) return { kind: 'resealed', entryId: this.lastId };
    return undefined;
  }
}

/** JSON with the keys of all objects in order: equal values have equal texts, also after a way through `jsonb`. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b);
}
