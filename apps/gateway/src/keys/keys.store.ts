import { type JobsDatabase, orUnavailable } from '@nightjar/database';

/** A key as the database holds it, without its digest: nobody but `ApiKeys` reads that. */
export interface KeyRow {
  id: string;
  tenantId: number;
  name: string;
  prefix: string;
  scopes: string[];
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
  faceEmbeddings: boolean;
  requestsPerMinute: number | null;
  replacesId: string | null;
}

export interface NewKey {
  tenantId: number;
  name: string;
  prefix: string;
  sha256: Uint8Array<ArrayBuffer>;
  scopes: readonly string[];
  expiresAt: Date | null;
  faceEmbeddings: boolean;
  requestsPerMinute: number | null;
}

/** What can be changed of a key; absent: as it is. */
export interface KeyChanges {
  name?: string | undefined;
  faceEmbeddings?: boolean | undefined;
  requestsPerMinute?: number | null | undefined;
}

const seen = {
  id: true,
  tenantId: true,
  name: true,
  prefix: true,
  scopes: true,
  createdAt: true,
  expiresAt: true,
  revokedAt: true,
  lastUsedAt: true,
  faceEmbeddings: true,
  requestsPerMinute: true,
  replacesId: true,
} as const;

/** Rows of keys, always those of one tenant. Every method throws AppError `unavailable` while Postgres is away. */
export class KeysStore {
  constructor(private readonly database: JobsDatabase) {}

  /** Newest first: ids sort by their time. */
  list(tenantId: number, page: { limit: number; beforeId: string | undefined }): Promise<KeyRow[]> {
    const where = { tenantId, ...(page.beforeId !== undefined && { id: { lt: page.beforeId } }) };
    return orUnavailable(this.database.apiKey.findMany({ where, select: seen, orderBy: { id: 'desc' }, take: page.limit }));
  }

  find(tenantId: number, id: string): Promise<KeyRow | null> {
    return orUnavailable(this.database.apiKey.findFirst({ where: { tenantId, id }, select: seen }));
  }

  countValid(tenantId: number, now: Date): Promise<number> {
    return orUnavailable(this.database.apiKey.count({ where: { tenantId, ...validAt(now) } }));
  }

  create(key: NewKey): Promise<KeyRow> {
    return orUnavailable(this.database.apiKey.create({ data: dataOf(key), select: seen }));
  }

  /** @returns undefined when the tenant has no such key, or it was revoked */
  async change(tenantId: number, id: string, changes: KeyChanges): Promise<KeyRow | undefined> {
    const { name, faceEmbeddings, requestsPerMinute } = changes;
    const data = {
      ...(name !== undefined && { name }),
      ...(faceEmbeddings !== undefined && { faceEmbeddings }),
      ...(requestsPerMinute !== undefined && { requestsPerMinute }),
    };
    const [row] = await orUnavailable(
      this.database.apiKey.updateManyAndReturn({ where: { tenantId, id, revokedAt: null }, data, select: seen }),
    );
    return row;
  }

  /**
   * Lets a key end and puts another one in its place, both or none.
   * @returns undefined when the key is no longer valid
   */
  replace(old: KeyRow, change: { endsAt: Date; now: Date; successor: NewKey }): Promise<KeyRow | undefined> {
    return orUnavailable(
      this.database.$transaction(async (transaction) => {
        const where = { id: old.id, tenantId: old.tenantId, ...validAt(change.now) };
        const { count } = await transaction.apiKey.updateMany({ where, data: { expiresAt: change.endsAt } });
        if (count === 0) return undefined;
        return transaction.apiKey.create({ data: { ...dataOf(change.successor), replacesId: old.id }, select: seen });
      }),
    );
  }

  /** The moment of the first revocation stays. */
  async revoke(tenantId: number, id: string, now: Date): Promise<void> {
    await orUnavailable(this.database.apiKey.updateMany({ where: { tenantId, id, revokedAt: null }, data: { revokedAt: now } }));
  }
}

function validAt(now: Date) {
  return { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
}

function dataOf({ scopes, ...key }: NewKey) {
  return { ...key, scopes: [...scopes] };
}
