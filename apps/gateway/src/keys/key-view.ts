import type { KeyRow } from './keys.store.js';

/** What people may see of a key. The key itself is not stored. */
export interface KeyView {
  id: string;
  name: string;
  /** First characters of the key, to tell keys apart. */
  prefix: string;
  status: 'active' | 'expired' | 'revoked';
  scopes: readonly string[];
  face_embeddings: boolean;
  /** Null: the gateway's default. */
  requests_per_minute: number | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  /** To the minute. */
  last_used_at: string | null;
  /** The key that this one took over from. */
  replaces_id: string | null;
}

/** A key on the wire. */
export function keyView(row: KeyRow, nowUnixMs: number): KeyView {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    status: statusOf(row, nowUnixMs),
    scopes: row.scopes,
    face_embeddings: row.faceEmbeddings,
    requests_per_minute: row.requestsPerMinute,
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt?.toISOString() ?? null,
    revoked_at: row.revokedAt?.toISOString() ?? null,
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
    replaces_id: row.replacesId,
  };
}

/** A key that was revoked stays so, whatever its day of expiry. */
export function statusOf({ revokedAt, expiresAt }: Pick<KeyRow, 'revokedAt' | 'expiresAt'>, nowUnixMs: number): KeyView['status'] {
  if (revokedAt) return 'revoked';
  return expiresAt && expiresAt.getTime() <= nowUnixMs ? 'expired' : 'active';
}
