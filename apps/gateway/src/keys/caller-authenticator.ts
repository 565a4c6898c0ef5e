import { clientNetwork, presentedCredential, type Authenticate, type Principal } from '@nightjar/auth';
import { AppError, type Clock } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { scopes, type AdmitLookup, type ApiKeys } from './api-keys.js';
import { TokenBuckets } from './token-buckets.js';

/** Look-ups of keys that turned out wrong, for one network: so many at once, and so many a minute from then on. */
const wrongKeysPerMinute = 20;
/** Full: whoever can fill it has that many networks to try from anyway. */
const networksMax = 10_000;
/** Full: the caller that was away longest starts with a full bucket when it comes back. */
const callersMax = 10_000;
/** What a user may do who is no superuser. */
const scopesOfUsers = [scopes.readJobs, scopes.writeJobs];

interface CallerAuthenticatorOptions {
  keys: ApiKeys;
  /** @throws AppError `unauthenticated`, `unavailable` */
  verifyToken: (request: FastifyRequest) => Promise<Principal>;
  clock: Clock;
  keyHeader: string;
  /** Of a caller without a number of its own. */
  requestsPerMinute: number;
}

/**
 * Tells who calls, by key or by token of the NVR, and how often that one still may. All counts are those of this process: with
 * several gateways a caller has the sum.
 */
export class CallerAuthenticator {
  private readonly wrongKeys: TokenBuckets;
  private readonly requests: TokenBuckets;

  constructor(private readonly options: CallerAuthenticatorOptions) {
    this.wrongKeys = new TokenBuckets(options.clock, networksMax);
    this.requests = new TokenBuckets(options.clock, callersMax);
  }

  /** For `enforcePolicies`: runs before the body is read. @throws AppError `unauthenticated`, `rate_limited`, `unavailable` */
  readonly authenticate: Authenticate = async (request, reply) => {
    const principal = await this.identify(request);
    this.countRequest(principal, reply);
    return principal;
  };

  /**
   * Who calls, without counting the request: an answer that goes on for hours asks again whether it still may.
   * @throws AppError `unauthenticated`, `rate_limited` for too many wrong keys, `unavailable`
   */
  async identify(request: FastifyRequest): Promise<Principal> {
    const { keys, keyHeader, verifyToken } = this.options;
    const credential = presentedCredential(request.headers, keyHeader.toLowerCase());
    // Bad tokens are not counted: nobody guesses a signature, and telling costs no look-up.
    if (credential?.kind === 'token') return withScopes(await verifyToken(request));
    const principal = credential && (await keys.verify(credential.key, this.admitFrom(request.ip)));
    // One text for all reasons: it must not tell an expired key from a made-up one.
    if (!principal) throw new AppError('unauthenticated', `a valid API key is required in ${keyHeader}`);
    return principal;
  }

  /** A token is taken before the look-up, so that keys that are tried side by side can't slip through. */
  private admitFrom(address: string): AdmitLookup {
    return () => {
      const network = clientNetwork(address);
      const { taken, nextInMs } = this.wrongKeys.take(network, wrongKeysPerMinute);
      if (!taken) throw new AppError('rate_limited', 'too many wrong API keys from this address', { retryAfterMs: nextInMs });
      return () => this.wrongKeys.giveBack(network);
    };
  }

  private countRequest(principal: Principal, reply: FastifyReply): void {
    const perMinute = (principal.kind === 'api_key' ? principal.requestsPerMinute : undefined) ?? this.options.requestsPerMinute;
    const { taken, left, nextInMs, fullInMs } = this.requests.take(nameOf(principal), perMinute);
    void reply
      .header('RateLimit-Policy', `"default";q=${perMinute};w=60`)
      .header('RateLimit', `"default";r=${left};t=${Math.ceil(fullInMs / 1_000)}`);
    if (!taken) throw new AppError('rate_limited', `more than ${perMinute} requests a minute`, { retryAfterMs: nextInMs });
  }
}

function withScopes(principal: Principal): Principal {
  return principal.kind === 'user' ? { ...principal, scopes: scopesOfUsers } : principal;
}

function nameOf(principal: Principal): string {
  switch (principal.kind) {
    case 'api_key':
      return `key ${principal.keyId}`;
    case 'user':
      return `user ${principal.userId}`;
    case 'service':
      return `service ${principal.name}`;
  }
}
