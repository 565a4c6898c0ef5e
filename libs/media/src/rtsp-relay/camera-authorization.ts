import { createHash, randomBytes } from 'node:crypto';

export interface CameraCredentials {
  readonly username: string;
  readonly password: string;
}

type DigestAlgorithm = 'MD5' | 'SHA-256';

/** What a camera asked for with 401. */
type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'digest';
      readonly algorithm: DigestAlgorithm;
      /** As the camera wrote it; undefined: it did not. */
      readonly algorithmText: string | undefined;
      readonly realm: string;
      readonly nonce: string;
      readonly opaque: string | undefined;
      /** `auth` is offered; without it the older form of RFC 2069 is answered. */
      readonly hasQop: boolean;
    };

/** Longest header that is looked at, and most challenges that one answer may hold. */
const headerCharactersMax = 4_096;
const challengesMax = 8;
const strengths = { 'SHA-256': 3, MD5: 2, basic: 1 } as const;

/**
 * Answers the challenges of one camera, for all requests of one connection: Digest (RFC 7616 with SHA-256 or MD5, RFC 2069) where
 * it is offered, else Basic. The password never leaves in another form than the camera asked for.
 */
export class CameraAuthorization {
  private challenge: Challenge | undefined;
  private nonceCount = 0;

  constructor(
    private readonly credentials: CameraCredentials | undefined,
    private readonly makeClientNonce: () => string = () => randomBytes(8).toString('hex'),
  ) {}

  /**
   * Takes the challenge of a 401.
   * @param wasAuthorized whether the refused request had an answer to an earlier challenge
   * @returns whether it is worth asking again: false without credentials, for a scheme that is not known, and when the answer was refused
   */
  accept(wwwAuthenticate: readonly string[], wasAuthorized: boolean): boolean {
    if (!this.credentials) return false;
    const challenges = wwwAuthenticate.slice(0, challengesMax).flatMap(parseChallenges);
    const best = challenges.sort((a, b) => strengthOf(b) - strengthOf(a))[0];
    if (!best) return false;
    const isNewNonce = best.scheme === 'digest' && !(this.challenge?.scheme === 'digest' && this.challenge.nonce === best.nonce);
    // Refused with a nonce that is no longer good; refused with a good one is a wrong password, which is not tried twice.
    if (wasAuthorized && !(isNewNonce && isStale(wwwAuthenticate))) return false;
    this.challenge = best;
    this.nonceCount = 0;
    return true;
  }

  /** Value of the Authorization header, or undefined as long as the camera did not ask. */
  headerFor(method: string, uri: string): string | undefined {
    const { challenge, credentials } = this;
    if (!challenge || !credentials) return undefined;
    if (challenge.scheme === 'basic')
      return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, 'utf8').toString('base64')}`;
    return this.digestFor({ challenge, credentials, method, uri });
  }

  private digestFor(request: {
    challenge: Challenge & { scheme: 'digest' };
    credentials: CameraCredentials;
    method: string;
    uri: string;
  }): string {
    const { challenge, credentials, method, uri } = request;
    const { algorithm, algorithmText, hasQop, nonce, opaque, realm } = challenge;
    const hash = (text: string) =>
      createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
        .update(text)
        .digest('hex');
    const secret = hash(`${credentials.username}:${realm}:${credentials.password}`);
    const target = hash(`${method}:${uri}`);
    const parts = [`username="${quoted(credentials.username)}"`, `realm="${realm}"`, `nonce="${nonce}"`, `uri="${uri}"`];
    if (hasQop) {
      const count = (++this.nonceCount).toString(16).padStart(8, '0');
      const clientNonce = this.makeClientNonce();
      parts.push(`response="${hash(`${secret}:${nonce}:${count}:${clientNonce}:auth:${target}`)}"`);
      parts.push('qop=auth', `nc=${count}`, `cnonce="${clientNonce}"`);
    } else parts.push(`response="${hash(`${secret}:${nonce}:${target}`)}"`);
    if (algorithmText !== undefined) parts.push(`algorithm=${algorithmText}`);
    if (opaque !== undefined) parts.push(`opaque="${opaque}"`);
    return `Digest ${parts.join(', ')}`;
  }
}

function strengthOf(challenge: Challenge): number {
  return challenge.scheme === 'basic' ? strengths.basic : strengths[challenge.algorithm];
}

function isStale(wwwAuthenticate: readonly string[]): boolean {
  return wwwAuthenticate.some((text) => /\bstale\s*=\s*"?true\b/i.test(text.slice(0, headerCharactersMax)));
}

/** Reads one WWW-Authenticate header, which may hold several challenges; those that are not known are left out. */
function parseChallenges(header: string): Challenge[] {
  const text = header.slice(0, headerCharactersMax);
  const starts = [...text.matchAll(/(?:^|,)\s*(Basic|Digest)(?=[\s,]|$)/gi)].slice(0, challengesMax);
  return starts.flatMap((start, index): Challenge[] => {
    if (start[1]?.toLowerCase() === 'basic') return [{ scheme: 'basic' }];
    const parameters = readParameters(text.slice(start.index + start[0].length, starts[index + 1]?.index));
    const digest = readDigest(parameters);
    return digest ? [digest] : [];
  });
}

function readParameters(text: string): ReadonlyMap<string, string> {
  const found = text.matchAll(/([A-Za-z]+)\s*=\s*(?:"([^"\\\n]*)"|([^\s,"]+))/g);
  return new Map([...found].map(([, name = '', inQuotes, bare]) => [name.toLowerCase(), inQuotes ?? bare ?? '']));
}

function readDigest(parameters: ReadonlyMap<string, string>): Challenge | undefined {
  const realm = parameters.get('realm');
  const nonce = parameters.get('nonce');
  const algorithmText = parameters.get('algorithm');
  const algorithm = (algorithmText ?? 'MD5').toUpperCase();
  const qop = parameters.get('qop');
  const hasQop = qop?.split(',').some((name) => name.trim().toLowerCase() === 'auth') ?? false;
  if (realm === undefined || nonce === undefined || (algorithm !== 'MD5' && algorithm !== 'SHA-256')) return undefined;
  if (qop !== undefined && qop.trim() !== '' && !hasQop) return undefined;
  return { scheme: 'digest', algorithm, algorithmText, realm, nonce, opaque: parameters.get('opaque'), hasQop };
}

/** For a quoted string of one line. */
function quoted(text: string): string {
  return text.replace(/\p{Cc}/gu, '').replace(/["\\]/g, '\\$&');
}
