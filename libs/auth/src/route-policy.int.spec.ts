import { afterEach, describe, expect, it } from '@jest/globals';
import { AppError } from '@nightjar/runtime';
import { fastify, type FastifyInstance } from 'fastify';
import { enforcePolicies, requirePrincipal, type Authenticate, type Principal, type RoutePolicy } from './route-policy.js';

const user = (isSuperuser: boolean, scopes?: string[]): Principal => ({
  kind: 'user',
  userId: 1,
  username: 'u',
  tenantId: 1,
  isSuperuser,
  ...(scopes && { scopes }),
});
const service: Principal = { kind: 'service', name: 's' };
const apiKey = (...scopes: string[]): Principal => ({ kind: 'api_key', keyId: 'k', tenantId: 1, scopes });

const opened: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((app) => app.close()));
});

/** An app that listens, with one POST route per policy. @returns its address */
function open(authenticate: Authenticate, policies: Record<string, RoutePolicy>): Promise<string> {
  const app = fastify({ forceCloseConnections: true });
  opened.push(app);
  enforcePolicies(app, authenticate);
  app.setErrorHandler((error, _request, reply) => reply.code(error instanceof AppError ? error.httpStatus : 500).send());
  for (const [url, policy] of Object.entries(policies)) app.post(url, { config: { policy } }, (request) => requirePrincipal(request));
  return app.listen({ host: '127.0.0.1', port: 0 });
}

const post = async (url: string, body = '{}') =>
  (await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })).status;

describe('a route', () => {
  it('that declares no policy keeps its app from starting', () => {
    const app = fastify();
    enforcePolicies(app, async () => user(true));
    expect(() => app.get('/forgotten', () => 'x')).toThrow('route GET /forgotten declares no policy');
  });

  it('stands in the table with its policy, HEAD beside GET', async () => {
    const app = fastify();
    const table = enforcePolicies(app, async () => user(true));
    app.get('/open', { config: { policy: { kind: 'public' } } }, () => 'x');
    await app.ready();
    expect(table).toEqual(expect.arrayContaining(['GET', 'HEAD'].map((method) => ({ method, url: '/open', policy: { kind: 'public' } }))));
  });

  it.each<[string, Principal, RoutePolicy, number]>([
    ['a user', user(false), { kind: 'authenticated' }, 200],
    ['a user whom no app gave a scope', user(false), { kind: 'authenticated', scope: 'jobs:write' }, 403],
    ['a user with the scope', user(false, ['jobs:write']), { kind: 'authenticated', scope: 'jobs:write' }, 200],
    ['a user with another scope', user(false, ['jobs:read']), { kind: 'authenticated', scope: 'jobs:write' }, 403],
    ['a superuser', user(true), { kind: 'authenticated', scope: 'jobs:write' }, 200],
    ['a credential of the deployment', service, { kind: 'authenticated', scope: 'jobs:write' }, 200],
    ['a user', user(false), { kind: 'superuser' }, 403],
    ['a superuser', user(true), { kind: 'superuser' }, 200],
    ['a key with the scope', apiKey('jobs:write'), { kind: 'authenticated', scope: 'jobs:write' }, 200],
    ['a key with another scope', apiKey('jobs:read'), { kind: 'authenticated', scope: 'jobs:write' }, 403],
    ['a key', apiKey('jobs:write'), { kind: 'superuser' }, 403],
    ['a key, whatever its scopes,', apiKey('jobs:write'), { kind: 'authenticated' }, 403],
    ['a key with the scope', apiKey('jobs:write'), { kind: 'authenticated', scope: 'jobs:write', usersOnly: true }, 403],
    ['a credential of the deployment', service, { kind: 'authenticated', scope: 'jobs:write', usersOnly: true }, 403],
    ['a user with the scope', user(false, ['jobs:write']), { kind: 'authenticated', scope: 'jobs:write', usersOnly: true }, 200],
    ['a user with another scope', user(false, ['jobs:read']), { kind: 'authenticated', scope: 'jobs:write', usersOnly: true }, 403],
    ['a user with the scope', user(false, ['jobs:write']), { kind: 'authenticated', scope: 'jobs:write', programsOnly: true }, 403],
    ['a superuser', user(true), { kind: 'authenticated', scope: 'jobs:write', programsOnly: true }, 200],
    ['a key with the scope', apiKey('jobs:write'), { kind: 'authenticated', scope: 'jobs:write', programsOnly: true }, 200],
    ['a key with another scope', apiKey('jobs:read'), { kind: 'authenticated', scope: 'jobs:write', programsOnly: true }, 403],
    ['a credential of the deployment', service, { kind: 'authenticated', scope: 'jobs:write', programsOnly: true }, 200],
  ])('lets %s (%j) through a policy of %j or not: %i', async (_who, principal, policy, expected) => {
    const address = await open(async () => principal, { '/route': policy });
    expect(await post(`${address}/route`)).toBe(expected);
  });

  it('refuses whoever is nobody before it reads the body', async () => {
    const nobody: Authenticate = () => Promise.reject(new AppError('unauthenticated', 'Not authenticated'));
    const address = await open(nobody, { '/route': { kind: 'authenticated' } });
    expect(await post(`${address}/route`, '{"broken')).toBe(401);
  });

  it('tells whoever logs the answer whom it refused', async () => {
    const app = fastify();
    opened.push(app);
    enforcePolicies(app, async () => user(false));
    const refused: unknown[] = [];
    app.addHook('onResponse', (request, _reply, done) => {
      refused.push(request.principal);
      done();
    });
    app.get('/route', { config: { policy: { kind: 'superuser' } } }, () => 'never');
    await app.inject({ method: 'GET', url: '/route' });
    expect(refused).toEqual([user(false)]);
  });

  it('that is public asks nobody, and has no principal', async () => {
    const address = await open(() => Promise.reject(new Error('must not be asked')), { '/route': { kind: 'public' } });
    // The handler asks for a principal that a public route has not.
    expect(await post(`${address}/route`)).toBe(401);
  });

  it('that does not exist asks nobody either', async () => {
    const address = await open(() => Promise.reject(new Error('must not be asked')), {});
    expect(await post(`${address}/nothing`)).toBe(404);
  });
});
