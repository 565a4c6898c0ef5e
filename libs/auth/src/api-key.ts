import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const shownPrefixLength = 11;

/** A new key: `nj_`, 43 random base62 characters (256 bits), and 6 characters of checksum that catch a typing error. */
export function generateApiKey(): string {
  const secret = Array.from(randomBytes(64))
    // 248 = 4 × 62: larger bytes would favour the first characters.
    .filter((byte) => byte < 248)
    .slice(0, 43)
    .map((byte) => alphabet[byte % 62])
    .join('');
  return secret.length === 43 ? `nj_${secret}${checksum(secret)}` : generateApiKey();
}

/** What is stored of a key. Keys are random, so a plain hash is as good as a slow one. */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest();
}

/** What people may see of a key after it was shown once. */
export function shownPrefix(key: string): string {
  return key.slice(0, shownPrefixLength);
}

/** Compares two secrets in a time that depends on neither of them. */
export function equalSecrets(given: string, expected: string): boolean {
  return timingSafeEqual(hashApiKey(given), hashApiKey(expected));
}

function checksum(secret: string): string {
  const digest = createHash('sha256').update(secret).digest();
  return Array.from(digest.subarray(0, 6), (byte) => alphabet[byte % 62]).join('');
}
