import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { generateApiKey } from '@nightjar/auth';
import { AppError, hasErrorCode, replaceFile } from '@nightjar/runtime';
import { z } from 'zod';

const Credentials = z.object({
  adminPassword: z.string().min(8),
  apiKey: z.string().min(16),
  databaseOwnerPassword: z.string().min(16),
  gatewayDatabasePassword: z.string().min(16),
  nvrDatabasePassword: z.string().min(16),
  busToken: z.string().regex(/^[A-Za-z0-9]{16,}$/),
  /** 32 bytes in base64; encrypts what is stored encrypted. */
  secretKey: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
});
/** Everything secret that this installation was started with. */
export type Credentials = z.infer<typeof Credentials>;

export interface StoredCredentials {
  readonly credentials: Credentials;
  readonly file: string;
  /** True when they were made just now: the only time they are shown. */
  readonly areNew: boolean;
}

/**
 * Reads the installation's credentials, or makes them on the first start and keeps them with mode 0600. Values that were given become
 * part of them then. Later only the key does, as the gateway lets the setting decide; the password belongs to its user.
 * @throws AppError `conflict` when the file is damaged
 */
export async function ensureCredentials(
  dataDir: string,
  given: { adminPassword?: string | undefined; apiKey?: string | undefined },
): Promise<StoredCredentials> {
  const file = path.join(dataDir, 'credentials.json');
  const kept = await readKept(file);
  if (kept) {
    const credentials = { ...kept, apiKey: given.apiKey ?? kept.apiKey };
    if (credentials.apiKey !== kept.apiKey) await keep(file, credentials);
    return { credentials, file, areNew: false };
  }
  const credentials: Credentials = {
    adminPassword: given.adminPassword ?? randomBytes(12).toString('base64url'),
    apiKey: given.apiKey ?? generateApiKey(),
    databaseOwnerPassword: randomBytes(24).toString('hex'),
    gatewayDatabasePassword: randomBytes(24).toString('hex'),
    nvrDatabasePassword: randomBytes(24).toString('hex'),
    busToken: randomBytes(24).toString('hex'),
    secretKey: randomBytes(32).toString('base64'),
  };
  await keep(file, credentials);
  return { credentials, file, areNew: true };
}

/** The database is made with a password that stands here only: the file must survive a crash right after. */
function keep(file: string, credentials: Credentials): Promise<void> {
  return replaceFile(file, `${JSON.stringify(credentials, null, 2)}\n`, { durable: true, mode: 0o600 });
}

async function readKept(file: string): Promise<Credentials | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    return Credentials.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('conflict', `${file} is damaged: restore it, or move the whole data directory away to start anew`, { cause });
  }
}
