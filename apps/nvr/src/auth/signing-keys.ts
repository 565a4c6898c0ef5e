import { createPublicKey, generateKeyPair, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { jwtAlgorithm, type SecretBox } from '@nightjar/auth';
import { isDatabaseAway, type NvrDatabase } from '@nightjar/database';
import { AppError, type Clock } from '@nightjar/runtime';

const generate = promisify(generateKeyPair);
const modulusBits = 2_048;
/** Serialises the first start of several processes; any number that no one else locks. */
const creationLock = 72_707_401n;
/** How long a loaded set of keys serves before rows are asked again: the delay of a rotation. */
const cacheMs = 60_000;
/** An unknown key id asks the rows at once, but not more often than this: ids come from strangers. */
const unknownKeyPauseMs = 5_000;

interface Key {
  kid: string;
  publicPem: string;
  privatePem: string;
}

/** The key pairs that sign our JWTs: made at first start, kept in the database with their private halves encrypted. */
export class SigningKeys {
  private keys: Key[] = [];
  private loadedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: { database: NvrDatabase; secretBox: SecretBox; clock: Clock }) {}

  /** The newest key, which signs; creates the first one. */
  async signingKey(): Promise<{ kid: string; privatePem: string }> {
    await this.refresh();
    if (this.keys.length === 0) {
      await this.create();
      await this.load();
    }
    const [newest] = this.keys;
    if (!newest) throw new AppError('internal', 'no signing key');
    return newest;
  }

  /** Reads the keys if it is time to; while the database is away, those known go on serving. @throws the database's error if none are known */
  async refresh(): Promise<void> {
    try {
      await this.loadIfOlderThan(cacheMs);
    } catch (error) {
      if (this.keys.length === 0 || !isDatabaseAway(error)) throw error;
    }
  }

  /** Public half of a key that still verifies, or undefined. */
  async findPublicPem(kid: string): Promise<string | undefined> {
    const find = () => this.keys.find((key) => key.kid === kid)?.publicPem;
    if (find() === undefined) await this.loadIfOlderThan(unknownKeyPauseMs);
    return find();
  }

  /** The JWKS (RFC 7517): public halves only. */
  async publicKeys(): Promise<{ keys: Record<string, unknown>[] }> {
    await this.refresh();
    return {
      keys: this.keys.map(({ kid, publicPem }) => ({
        ...createPublicKey(publicPem).export({ format: 'jwk' }),
        kid,
        use: 'sig',
        alg: jwtAlgorithm,
      })),
    };
  }

  private async loadIfOlderThan(ageMs: number): Promise<void> {
    if (this.options.clock.monotonicMs() - this.loadedAtMs >= ageMs) await this.load();
  }

  private async load(): Promise<void> {
    const { clock, database, secretBox } = this.options;
    const rows = await database.signingKey.findMany({ where: { retiredAt: null }, orderBy: { createdAt: 'desc' } });
    this.keys = rows.map(({ kid, publicPem, encryptedPrivate }) => ({
      kid,
      publicPem,
      privatePem: secretBox.open(encryptedPrivate, purposeOf(kid)),
    }));
    this.loadedAtMs = clock.monotonicMs();
  }

  private async create(): Promise<void> {
    const { database, secretBox } = this.options;
    const { publicKey, privateKey } = await generate('rsa', {
      modulusLength: modulusBits,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const kid = randomUUID();
    await database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${creationLock})`;
      // Another process may have made one while this one waited.
      if ((await transaction.signingKey.count({ where: { retiredAt: null } })) > 0) return;
      await transaction.signingKey.create({
        data: { kid, publicPem: publicKey, encryptedPrivate: secretBox.seal(privateKey, purposeOf(kid)) },
      });
    });
  }
}

function purposeOf(kid: string): string {
  return `signing_key.${kid}`;
}
