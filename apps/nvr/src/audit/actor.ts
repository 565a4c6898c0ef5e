import type { FastifyRequest } from 'fastify';

/** Of users and entries that belong to the installation and to no customer of it. */
const defaultTenantId = 1;

/** Where a request came from. */
export interface Origin {
  address: string;
  userAgent: string;
  requestId: string;
}

/** Who does something: what every entry of the audit log says. */
export interface Actor extends Origin {
  /** Null for whoever is no user, or not yet known. */
  userId: number | null;
  name: string;
  tenantId: number;
}

/** Where a request came from, whoever sent it. */
export function originOf(request: FastifyRequest): Origin {
  return { address: request.ip, userAgent: request.headers['user-agent'] ?? '', requestId: request.id };
}

/** Who sent a request, as far as its policy had it found out. */
export function actorOf(request: FastifyRequest): Actor {
  const { principal } = request;
  const origin = originOf(request);
  switch (principal?.kind) {
    case 'user':
      return { ...origin, userId: principal.userId, name: principal.username, tenantId: principal.tenantId };
    case 'api_key':
      return { ...origin, userId: null, name: `key ${principal.keyId}`, tenantId: principal.tenantId };
    default:
      return { ...origin, userId: null, name: principal?.name ?? 'anonymous', tenantId: defaultTenantId };
  }
}

/** Somebody who signs in: a user who was found by name, or nobody. */
export function visitor(origin: Origin, user: { id: number; username: string; tenantId: number } | null): Actor {
  return { ...origin, userId: user?.id ?? null, name: user?.username ?? 'anonymous', tenantId: user?.tenantId ?? defaultTenantId };
}

/** This process itself: at its start, and for what it counts of more actors than it keeps apart. */
export const systemActor: Actor = { address: '', userAgent: '', requestId: '', userId: null, name: 'system', tenantId: defaultTenantId };
