import { createPublicKey, type KeyObject } from 'node:crypto';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Principal } from './route-policy.js';
import { VerifiedTokens } from './verified-tokens.js';

/** Only this algorithm is made and accepted (RFC 8725 §3.1). */
export const jwtAlgorithm = 'RS256';
export const jwtAudience = 'nightjar';
/** Parsed keys that are kept. */
const keysMax = 100;

/** Claims of an access token, beside the registered ones. */
export interface AccessClaims {
  sub: string;
  uid: number;
  tid: number;
  adm: boolean;
  /** The user's token version: an older one is refused. */
  ver: number;
  /** The session it was made in; a token without one was made by hand. */
  sid?: string;
  typ: 'access';
}

export interface BearerOptions {
  issuer: string;
  /** Public key (PEM) of a key id, undefined for an unknown one. */
  findKey: (kid: string) => Promise<string | undefined>;
  /** Last word on a token with a good signature, e.g. whether the user still exists; default: yes. */
  accepts?: (claims: AccessClaims) => Promise<boolean>;
}

/**
 * Verifies `Authorization: Bearer <JWT>` with passport-jwt: fixed algorithm, issuer, audience, expiry, key by `kid`.
 * @returns a function that gives the principal, and throws AppError `unauthenticated` for anything else
 *   (or the AppError of `findKey` or `accepts`)
 */
export function createBearerAuthenticator(options: BearerOptions): (request: FastifyRequest) => Promise<Principal> {
  const readToken = ExtractJwt.fromAuthHeaderAsBearerToken();
  const verified = new VerifiedTokens<SignedClaims>();
  const keyOfRequest = new WeakMap<object, string>();
  const parsedKey = parseKeysOnce();
  const findKey = async (request: object, token: string) => {
    const key = await keyOfToken(token, options.findKey);
    if (key === undefined) return undefined;
    keyOfRequest.set(request, key);
    // The package's types know no parsed keys; jsonwebtoken, which gets it, does.
    return parsedKey(key) as unknown as string;
  };
  const strategy = new Strategy(
    {
      jwtFromRequest: readToken,
      algorithms: [jwtAlgorithm],
      issuer: options.issuer,
      audience: jwtAudience,
      secretOrKeyProvider: (request: object, token: string, done: (error: Error | null, key?: string) => void) => {
        findKey(request, token).then(
          (key) => done(key === undefined ? new Error('unknown key') : null, key),
          (error: Error) => done(error),
        );
      },
    },
    (claims: SignedClaims, done: (error: Error | null, claims: SignedClaims) => void) => done(null, claims),
  );
  return async (request) => {
    const token = readToken(request as never);
    const known = token === null ? undefined : await findVerified(token, verified, options.findKey);
    const claims = known ?? (await runStrategy<SignedClaims>(strategy, request));
    const key = keyOfRequest.get(request);
    if (!known && token !== null && key !== undefined) verified.remember(token, { claims, key, expiresAtUnixSeconds: claims.exp });
    const principal = await principalOf(claims, options.accepts);
    if (!principal) throw new AppError('unauthenticated', 'Not authenticated');
    return principal;
  };
}

type SignedClaims = AccessClaims & { exp?: number };

/** Undefined too when the key can't be had or the token is malformed: the strategy then says what is wrong. */
async function findVerified(
  token: string,
  verified: VerifiedTokens<SignedClaims>,
  findKey: BearerOptions['findKey'],
): Promise<SignedClaims | undefined> {
  const key = await keyOfToken(token, findKey).catch(() => undefined);
  return key === undefined ? undefined : verified.find(token, key);
}

/** To read a key from its text costs more than to verify a token with it. Keys are few: those of the issuer, in rotation. */
function parseKeysOnce(): (pem: string) => KeyObject {
  const parsed = new Map<string, KeyObject>();
  return (pem) => {
    const known = parsed.get(pem);
    if (known) return known;
    if (parsed.size >= keysMax) parsed.clear();
    const key = createPublicKey(pem);
    parsed.set(pem, key);
    return key;
  };
}

/** The public key (PEM) that a token names. */
export async function keyOfToken(token: string, findKey: BearerOptions['findKey']): Promise<string | undefined> {
  const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8')) as { kid?: unknown };
  return typeof header.kid === 'string' && header.kid.length <= 64 ? findKey(header.kid) : undefined;
}

async function principalOf(claims: AccessClaims, accepts: BearerOptions['accepts']): Promise<Principal | undefined> {
  if (claims.typ !== 'access' || !Number.isInteger(claims.uid) || !Number.isInteger(claims.tid)) return undefined;
  if (accepts && !(await accepts(claims))) return undefined;
  return {
    kind: 'user',
    userId: claims.uid,
    username: claims.sub,
    tenantId: claims.tid,
    isSuperuser: claims.adm === true,
    sessionId: claims.sid,
  };
}

/** Passport strategies answer through methods that their framework puts on them; this is that framework in ten lines. */
export function runStrategy<Found>(strategy: Strategy, request: FastifyRequest): Promise<Found> {
  return new Promise((resolve, reject) => {
    // A key that can't be had at the moment is no fault of the token.
    const refuse = (reason?: unknown) => reject(reason instanceof AppError ? reason : new AppError('unauthenticated', 'Not authenticated'));
    const run = Object.assign(Object.create(strategy) as Strategy, {
      success: (found: unknown) => resolve(found as Found),
      fail: refuse,
      // Bad tokens and unknown keys `fail`; an error is ours, e.g. the database that `accepts` asks is away.
      error: reject,
      pass: () => refuse(),
      redirect: () => refuse(),
    });
    run.authenticate(request as never);
  });
}
