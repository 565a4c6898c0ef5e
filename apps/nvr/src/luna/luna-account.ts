import { requirePrincipal, type Principal } from '@nightjar/auth';
import { isIn, parseAddress, type Network } from '@nightjar/outbound';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const agentOf = 'luna agent of ';

/** Luna's accounts are UUIDs, our tenants are numbers. */
export function accountOfTenant(tenantId: number): string {
  return `00000000-0000-4000-8000-${tenantId.toString(16).padStart(12, '0')}`;
}

/** The account in `Luna-Account-Id`; undefined when there is none, or what is there is no UUID. */
function statedAccount({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const stated = headers['luna-account-id'];
  const lower = typeof stated === 'string' ? stated.toLowerCase() : '';
  return uuidForm.test(lower) ? lower : undefined;
}

/** Where agents of others speak; nothing else is open to them. */
const agentRoutes = ['/1/agents', '/1/analytics'];

/** An agent without a credential, from a network that is trusted, for the account that it states (`NIGHTJAR_LUNA_TRUSTED_NETWORKS`). */
export function findTrustedAgent(request: FastifyRequest, networks: readonly Network[]): Principal | undefined {
  if (networks.length === 0 || !agentRoutes.some((route) => request.routeOptions.url?.startsWith(route))) return undefined;
  const { authorization, 'x-api-key': key } = request.headers;
  const [accountId, address] = [statedAccount(request), parseAddress(request.ip)];
  if (accountId === undefined || address === undefined || authorization !== undefined || key !== undefined) return undefined;
  return networks.some((network) => isIn(address, network)) ? { kind: 'service', name: `${agentOf}${accountId}` } : undefined;
}

/**
 * The account that a request acts for: the caller's. A stated one must be the same.
 * @throws AppError `permission_denied`
 */
export function requireAccount(request: FastifyRequest): string {
  const principal = requirePrincipal(request);
  const isTrustedAgent = principal.kind === 'service' && principal.name.startsWith(agentOf);
  const own = isTrustedAgent
    ? principal.name.slice(agentOf.length)
    : accountOfTenant(principal.kind === 'service' ? 1 : principal.tenantId);
  if (request.headers['luna-account-id'] !== undefined && statedAccount(request) !== own)
    throw new AppError('permission_denied', 'Luna-Account-Id is not the account of the caller');
  return own;
}
