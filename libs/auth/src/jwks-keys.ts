import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError, deadlineSignal, hasErrorCode, replaceFile, type Clock, type Logger } from '@nightjar/runtime';
import { z } from 'zod';

const Jwks = z.object({
  keys: z.array(z.looseObject({ kid: z.string().max(64), kty: z.literal('RSA'), n: z.string(), e: z.string() })).max(32),
});

const fetchTimeoutMs = 3_000;
/** An unknown key id makes us look again, at most this often: anybody can make key ids up. */
const unknownKeyPauseMs = 10_000;
/** A key that is known is looked for again behind the answer, so that one the NVR gave up does not verify for ever. */
const refreshAfterMs = 300_000;
const documentBytesMax = 64 * 1024;

interface JwksKeysOptions {
  url: string;
  /** Where the last document is kept, so that a restart while the NVR is away knows its keys; none: memory only. */
  cacheFile?: string | undefined;
  clock: Clock;
  logger: Logger;
}

/** The public keys that the NVR signs tokens with, fetched when a token names one that is not known. Known keys serve on while it is away. */
export class JwksKeys {
  private keys = new Map<string, string>();
  private fetchedAtMs = Number.NEGATIVE_INFINITY;
  private fetching: Promise<void> | undefined;
  private cacheRead: Promise<void> | undefined;

  constructor(private readonly options: JwksKeysOptions) {}

  /** @returns the key in PEM, undefined for an id that the NVR does not have. @throws AppError `unavailable` while no key was ever fetched */
  async find(kid: string): Promise<string | undefined> {
    await (this.cacheRead ??= this.readCache());
    const known = this.keys.get(kid);
    if (this.options.clock.monotonicMs() - this.fetchedAtMs >= (known === undefined ? unknownKeyPauseMs : refreshAfterMs)) {
      this.fetching ??= this.fetch().finally(() => {
        this.fetching = undefined;
      });
    }
    if (known !== undefined) return known;
    await this.fetching;
    if (this.keys.size === 0)
      throw new AppError('unavailable', 'the keys of the NVR are not known yet', { retryAfterMs: unknownKeyPauseMs });
    return this.keys.get(kid);
  }

  private async fetch(): Promise<void> {
    const { url, clock, logger } = this.options;
    this.fetchedAtMs = clock.monotonicMs();
    try {
      const response = await fetch(url, {
        redirect: 'error',
        signal: deadlineSignal(fetchTimeoutMs),
        headers: { accept: 'application/json' },
      });
      if (!response.ok) throw new AppError('unavailable', `the NVR answers ${response.status} for its keys`);
      const text = await response.text();
      if (text.length > documentBytesMax) throw new AppError('unavailable', 'the key document is too long');
      this.keys = keysOf(text);
      await this.writeCache(text);
    } catch (error) {
      logger.warn('the keys of the NVR were not fetched', { error });
    }
  }

  private async readCache(): Promise<void> {
    const { cacheFile, logger } = this.options;
    if (cacheFile === undefined) return;
    try {
      this.keys = keysOf(await readFile(cacheFile, 'utf8'));
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT')) logger.warn('the cached keys of the NVR were not read', { error });
    }
  }

  private async writeCache(text: string): Promise<void> {
    const { cacheFile, logger } = this.options;
    if (cacheFile === undefined) return;
    try {
      await mkdir(path.dirname(cacheFile), { recursive: true });
      await replaceFile(cacheFile, text, { mode: 0o600 });
    } catch (error) {
      logger.warn('the keys of the NVR were not cached', { error });
    }
  }
}

/** @returns PEM by key id. @throws when the text is no key set of ours */
function keysOf(text: string): Map<string, string> {
  const { keys } = Jwks.parse(JSON.parse(text));
  return new Map(
    keys.map((key) => [
      key.kid,
      createPublicKey({ key: key as JsonWebKey, format: 'jwk' })
        .export({ type: 'spki', format: 'pem' })
        .toString(),
    ]),
  );
}
