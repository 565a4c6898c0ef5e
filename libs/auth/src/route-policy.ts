import { RouteConfig } from '@nestjs/platform-fastify';
import { AppError } from '@nightjar/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';

/** Who may call a route. Every route of every app declares one; an app with a route that does not, refuses to start. */
export type RoutePolicy =
  /** Anybody. */
  | { kind: 'public' }
  /**
   * Whoever the app's authenticator lets in; with `scope`, only a principal that has it. Without one it is nothing for keys; with
   * `usersOnly` it is nothing for keys and services, whatever they have; with `programsOnly` it is nothing for users but those with all
   * rights.
   */
  | { kind: 'authenticated'; scope?: string; usersOnly?: true; programsOnly?: true }
  /** A user with all rights. */
  | { kind: 'superuser' };

/** Who calls. */
export type Principal =
  | {
      kind: 'user';
      userId: number;
      username: string;
      tenantId: number;
      isSuperuser: boolean;
      /** Of the token; undefined for one that was made without. */
      sessionId?: string | undefined;
      /** What an app with scopes lets this user do; a superuser needs none. */
      scopes?: readonly string[];
    }
  | {
      kind: 'api_key';
      keyId: string;
      tenantId: number;
      scopes: readonly string[];
      /** Cameras that it may see, in the NVR; absent: none. */
      cameraIds?: readonly number[] | 'all';
      faceEmbeddings?: boolean;
      requestsPerMinute?: number | undefined;
    }
  /** A fixed credential of the deployment (adapter key), or nobody where none is required. */
  | { kind: 'service'; name: string };

/** Finds out who calls; may put headers on the answer. @throws AppError `unauthenticated` */
export type Authenticate = (request: FastifyRequest, reply: FastifyReply) => Promise<Principal>;

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | undefined;
  }
}

/** Declares who may call a controller's route. On every method: what stands on the class is not inherited by its routes. */
export function Policy(policy: RoutePolicy): MethodDecorator {
  return RouteConfig({ policy }) as MethodDecorator;
}

/** One row of an app's route table, for tests and for the reference. */
export interface DeclaredRoute {
  method: string;
  url: string;
  policy: RoutePolicy;
}

/**
 * Holds every route of a Fastify instance to its policy, before the body is read. Call it before the first route is added.
 * @returns the table of routes, which fills as routes are added
 */
export function enforcePolicies(fastify: FastifyInstance, authenticate: Authenticate): DeclaredRoute[] {
  const table: DeclaredRoute[] = [];
  fastify.decorateRequest('principal', undefined);
  fastify.addHook('onRoute', (route) => {
    for (const method of [route.method].flat()) table.push({ method, url: route.url, policy: declaredPolicy(route) });
  });
  fastify.addHook('onRequest', async (request, reply) => {
    const policy = policyOf(request);
    // Only the not-found handler has none: it answers 404 to everybody.
    if (!policy || policy.kind === 'public') return;
    const principal = await authenticate(request, reply);
    // First, so that whoever logs the answer knows whom it refused: no handler runs for them.
    request.principal = principal;
    requireAllowed(request, principal);
  });
  return table;
}

function declaredPolicy(route: RouteOptions): RoutePolicy {
  const policy = (route.config as { policy?: RoutePolicy } | undefined)?.policy;
  if (!policy) throw new Error(`route ${String(route.method)} ${route.url} declares no policy`);
  return policy;
}

function policyOf(request: FastifyRequest): RoutePolicy | undefined {
  return (request.routeOptions.config as { policy?: RoutePolicy }).policy;
}

/**
 * Holds a principal to the policy of a request's route: when the request comes, and again as long as its answer goes on.
 * @throws AppError `permission_denied`
 */
export function requireAllowed(request: FastifyRequest, principal: Principal): void {
  const policy = policyOf(request);
  if (policy && !allows(policy, principal)) throw new AppError('permission_denied', 'you may not do this');
}

/** Whether a principal satisfies a policy. */
export function allows(policy: RoutePolicy, principal: Principal): boolean {
  switch (policy.kind) {
    case 'public':
      return true;
    case 'superuser':
      return principal.kind === 'user' && principal.isSuperuser;
    case 'authenticated':
      if (policy.usersOnly && principal.kind !== 'user') return false;
      if (policy.programsOnly && principal.kind === 'user' && !principal.isSuperuser) return false;
      return policy.scope === undefined ? principal.kind !== 'api_key' : hasScope(principal, policy.scope);
  }
}

/** A user gets no scope by being one: an app that has scopes says which ones its users have. */
function hasScope(principal: Principal, scope: string): boolean {
  switch (principal.kind) {
    case 'api_key':
      return principal.scopes.includes(scope);
    case 'user':
      return principal.isSuperuser || principal.scopes?.includes(scope) === true;
    case 'service':
      return true;
  }
}

/** The principal of a route whose policy asked for one. @throws AppError `unauthenticated` */
export function requirePrincipal(request: FastifyRequest): Principal {
  if (!request.principal) throw new AppError('unauthenticated', 'Not authenticated');
  return request.principal;
}
