import { equalSecrets, type Authenticate, type Principal, type RoutePolicy } from '@nightjar/auth';
import { AppError, type Clock } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';

/** What callers show: `X-API-Key` (legacy surface) or `Authorization: Bearer` (Contract v1). Each is as good as the other everywhere. */
export interface AdapterCredentials {
  readonly apiKey: string | undefined;
  readonly token: string | undefined;
}

/** Scope of the routes that tell what this adapter is: open to all during the bootstrap window, so that it can be registered. */
export const describeScope = 'adapter:describe';

/** Whoever calls where no credential is asked for. */
export const anonymousCaller: Principal = { kind: 'service', name: 'anonymous' };

const bootstrapWindowMs = 300_000;
const bearer = /^Bearer +([\x21-\x7e]+) *$/i;

/** Whether callers have to show anything. */
export function asksForCredentials({ apiKey, token }: AdapterCredentials): boolean {
  return apiKey !== undefined || token !== undefined;
}

/**
 * Lets in whoever shows one of the credentials, and everybody where there are none. The bootstrap window begins now.
 * @returns what throws AppError `unauthenticated`, with `auth_missing` or `auth_invalid` as `details.auth`
 */
export function authenticateCaller(credentials: AdapterCredentials, clock: Clock): Authenticate {
  const startedMs = clock.monotonicMs();
  const isBootstrapping = () => clock.monotonicMs() - startedMs < bootstrapWindowMs;
  return async (request) => {
    if (!asksForCredentials(credentials)) return anonymousCaller;
    const given = credentialsOf(request);
    const known = [matches(given.apiKey, credentials.apiKey), matches(given.token, credentials.token)];
    if (known.includes(true)) return { kind: 'service', name: 'adapter credential' };
    if (scopeOf(request) === describeScope && isBootstrapping()) return { kind: 'service', name: 'bootstrap' };
    if (given.isAbsent) throw new AppError('unauthenticated', 'credentials are missing', { details: { auth: 'auth_missing' } });
    throw new AppError('unauthenticated', 'the credentials are not valid', { details: { auth: 'auth_invalid' } });
  };
}

function credentialsOf({ headers }: FastifyRequest): { apiKey: string | undefined; token: string | undefined; isAbsent: boolean } {
  const apiKey = headers['x-api-key'];
  const { authorization } = headers;
  return {
    apiKey: typeof apiKey === 'string' ? apiKey : undefined,
    token: bearer.exec(authorization ?? '')?.[1],
    isAbsent: apiKey === undefined && authorization === undefined,
  };
}

function matches(given: string | undefined, expected: string | undefined): boolean {
  return given !== undefined && expected !== undefined && equalSecrets(given, expected);
}

function scopeOf(request: FastifyRequest): string | undefined {
  const { policy } = request.routeOptions.config as { policy?: RoutePolicy };
  return policy?.kind === 'authenticated' ? policy.scope : undefined;
}
