import { hashApiKey } from '@nightjar/auth';
import type { JobsDatabase } from '@nightjar/database';
import { pause, type Logger } from '@nightjar/runtime';
import { scopes } from './api-keys.js';

/** Row name of the key that the setting fixes; no other has it. */
export const bootstrapName = 'bootstrap';
const bootstrapTenantId = 1;
/** Less than of a generated key: a key that a person chose may be short. */
const shownLength = 6;

/**
 * Makes BOOTSTRAP_API_KEY valid: tenant 1, all scopes. The setting decides: a key it named earlier is revoked, and the one it
 * names now is valid even if it was revoked before.
 */
export async function storeBootstrapApiKey(database: JobsDatabase, key: string): Promise<void> {
  const sha256 = Uint8Array.from(hashApiKey(key));
  if (await isStored(database, sha256)) return;
  const granted = { name: bootstrapName, tenantId: bootstrapTenantId, scopes: Object.values(scopes), revokedAt: null, expiresAt: null };
  await database.$transaction([
    database.apiKey.updateMany({ where: { name: bootstrapName, revokedAt: null, NOT: { sha256 } }, data: { revokedAt: new Date() } }),
    database.apiKey.upsert({
      where: { sha256 },
      create: { prefix: key.slice(0, shownLength), sha256, ...granted },
      update: granted,
    }),
  ]);
}

/** At every start but the first: one question, for a gateway that comes back to a full queue is not ready before its answer. */
async function isStored(database: JobsDatabase, sha256: Uint8Array): Promise<boolean> {
  const valid = await database.$planned<{ isIt: boolean }>`
    SELECT sha256 = ${sha256}::bytea AND tenant_id = ${bootstrapTenantId} AND expires_at IS NULL AND scopes = ${Object.values(scopes)}::text[] AS "isIt"
    FROM jobs.api_key WHERE name = ${bootstrapName} AND revoked_at IS NULL`;
  return valid.length === 1 && valid[0]?.isIt === true;
}

/** Keeps trying until the database is there and migrated; a service may start before either. */
export async function storeBootstrapApiKeyWhenPossible(options: {
  database: JobsDatabase;
  key: string;
  logger: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { database, key, logger, signal } = options;
  for (let retryMs = 250; !signal.aborted; retryMs = Math.min(2 * retryMs, 5_000)) {
    try {
      return await storeBootstrapApiKey(database, key);
    } catch (error) {
      logger.warn('the bootstrap API key is not stored yet', { error, retryMs });
    }
    await pause(retryMs, signal);
  }
}
