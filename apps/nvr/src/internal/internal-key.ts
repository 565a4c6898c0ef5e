import { equalSecrets, type Principal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';

/** Who shows INTERNAL_API_KEY: a service or an app of this installation, which may ask for all cameras here and for nothing elsewhere. */
export const internalService: Principal = { kind: 'service', name: 'internal key' };

/** The key counts on these alone. */
const internalRoutes = /^\/api\/v1\/(?:internal|apps|infer|adapters)(?:\/|$)/;

/**
 * Who calls with `X-Internal-Api-Key`.
 * @param expected INTERNAL_API_KEY; undefined: nobody does
 * @returns undefined when the key is another one, or the route none of its
 */
export function findInternalService(request: FastifyRequest, expected: string | undefined): Principal | undefined {
  const given = request.headers['x-internal-api-key'];
  if (expected === undefined || typeof given !== 'string' || !internalRoutes.test(request.routeOptions.url ?? '')) return undefined;
  return equalSecrets(given, expected) ? internalService : undefined;
}

/** What the internal key may see in the lists of others: every camera, nobody's reviews. */
export const allCameras: Principal = { kind: 'api_key', keyId: 'internal', tenantId: 1, scopes: [], cameraIds: 'all' };

/** @throws AppError `permission_denied` for users, admins too: these routes are no way round the log of what people do */
export function requireInternalService({ principal }: FastifyRequest): void {
  if (principal !== internalService) throw new AppError('permission_denied', 'this route is for services with the internal key');
}
