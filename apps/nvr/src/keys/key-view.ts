import type { KeyRow } from './keys.store.js';

/** What people may see of a key. The key itself is not stored. */
export interface KeyView {
  id: string;
  name: string;
  /** First characters of the key, to tell keys apart. */
  prefix: string;
  status: 'active' | 'expired' | 'revoked';
  scopes: readonly string[];
  camera_ids: readonly number[] | 'all';
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  /** To the minute. */
  last_used_at: string | null;
}

/** A key on the wire. A key that was revoked stays so, whatever its day of expiry. */
export function keyView(row: KeyRow, nowUnixMs: number): KeyView {
  const isExpired = row.expiresAt !== null && row.expiresAt.getTime() <= nowUnixMs;
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    status: row.revokedAt ? 'revoked' : isExpired ? 'expired' : 'active',
    scopes: row.scopes,
    camera_ids: row.allCameras ? 'all' : row.cameraIds,
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt?.toISOString() ?? null,
    revoked_at: row.revokedAt?.toISOString() ?? null,
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
  };
}
