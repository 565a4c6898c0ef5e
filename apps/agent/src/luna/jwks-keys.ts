import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { AppError, deadlineSignal, type Clock, type Logger } from '@nightjar/runtime';
import { z } from 'zod';

const Jwks = z.object({
  keys: z.array(z.looseObject({ kid: z.string().max(64), kty: z.literal('RSA'), n: z.string(), e: z.string() })).max(32),
});

const fetchTimeoutMs = 3_000;
/** An unknown key id makes us look again, at most this often: anybody can make key ids up. */
const unknownKeyPauseMs = 10_000;
const documentBytesMax = 64 * 1024;

/** The public keys that the NVR signs tokens with, fetched when a token names one that is not known. Known keys serve on while it is away. */
export class JwksKeys {
  private keys = new Map<string, string>();
  private fetchedAtMs = Number.NEGATIVE_INFINITY;
  private fetching: Promise<void> | undefined;

  constructor(private readonly options: { url: string; clock: Clock; logger: Logger }) {}

  /** @returns the key in PEM, undefined for an id that the NVR does not have. @throws AppError `unavailable` while no key was ever fetched */
  async find(kid: string): Promise<string | undefined> {
    const known = this.keys.get(kid);
    if (known !== undefined) return known;
    if (this.options.clock.monotonicMs() - this.fetchedAtMs >= unknownKeyPauseMs) {
      this.fetching ??= this.fetch().finally(() => {
        this.fetching = undefined;
      });
    }
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
      const { keys } = Jwks.parse(JSON.parse(text));
      this.keys = new Map(
        keys.map((key) => [
          key.kid,
          createPublicKey({ key: key as JsonWebKey, format: 'jwk' })
            .export({ type: 'spki', format: 'pem' })
            .toString(),
        ]),
      );
    } catch (error) {
      logger.warn('the keys of the NVR were not fetched', { error });
    }
  }
}
