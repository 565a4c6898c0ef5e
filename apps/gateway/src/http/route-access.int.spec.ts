import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateApiKey, hashApiKey, type DeclaredRoute } from '@nightjar/auth';
import {
  apiKey,
  callMs,
  finishedVideo,
  GatewayFixture,
  imageResult,
  startGatewayServices,
  type GatewayServices,
} from '../gateway.fixture.js';
import { scopes } from '../keys/api-keys.js';
import { startNvrTokens, type NvrTokens } from '../keys/nvr-tokens.fixture.js';

/** The only routes that anybody may call. */
const openRoutes = ['GET /livez', 'GET /readyz', 'GET /v1/openapi.json', 'GET /docs', 'GET /docs/openapi.json', 'GET /docs/assets/:file'];
const allScopes = Object.values(scopes);
const streamReadMs = 300;

/** What a request needs to get as far as the question whose resource it is about. */
const bodies: Record<string, object> = { 'POST /v1/keys/:keyId/rotate': { overlap_seconds: 0 } };

describe('every route of the gateway', () => {
  let services: GatewayServices;
  let nvr: NvrTokens;
  let fixture: GatewayFixture;
  let protectedRoutes: readonly DeclaredRoute[];
  /** One of tenant 1's for each parameter of a route. */
  let ours: Record<string, string>;
  let requests = 0;

  beforeAll(async () => {
    services = await startGatewayServices();
    nvr = await startNvrTokens();
    // Each request comes from an address of its own: wrong keys are counted by address.
    fixture = await GatewayFixture.start({ ...services, callers: { jwksUrl: nvr.jwksUrl, trustedProxies: ['127.0.0.0/8'] } });
    protectedRoutes = fixture.gateway.routes.filter(({ policy }) => policy.kind !== 'public');
    ours = await makeResources();
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await nvr?.stop();
    await services?.stop();
  });

  async function storeKey(columns: { tenantId?: number; scopes?: string[]; revokedAt?: Date; expiresAt?: Date } = {}) {
    const key = generateApiKey();
    const sha256 = Uint8Array.from(hashApiKey(key));
    const data = { name: 'test', prefix: key.slice(0, 11), sha256, scopes: allScopes, ...columns };
    const { id } = await fixture.database.apiKey.create({ data });
    return { id, headers: { 'X-API-Key': key } };
  }

  async function makeResources(): Promise<Record<string, string>> {
    const { database } = fixture;
    const jobId = await fixture.submitVideo();
    await fixture.finish(await fixture.claimWork(), finishedVideo);
    const imageJobId = await fixture.submitImages([{ data_base64: 'AAAA' }]);
    await fixture.finish(await fixture.claimWork(), {
      state: 'finished',
      media_type: 'image',
      items: [{ index: 0, state: 'finished', result: imageResult }],
    });
    const deliveryId = 'msg_01890000-0000-7000-8000-000000000000';
    await database.webhookDelivery.create({
      data: { id: deliveryId, jobId, tenantId: 1, state: 'exhausted', origin: 'https://example.org' },
    });
    const person = await database.allowlistedPerson.create({
      data: { tenantId: 1, name: 'somebody', embedding: Uint8Array.of(1), modelFingerprint: 'sha256:0' },
    });
    const { id: keyId } = await storeKey({ scopes: [scopes.readJobs] });
    return { jobId, imageJobId, deliveryId, personId: person.id, keyId, ...(await makeUpload()) };
  }

  /** Through the API, since an upload is no row. */
  async function makeUpload(): Promise<Record<string, string>> {
    if (!protectedRoutes.some(({ method, url }) => method === 'POST' && url === '/v1/uploads')) return {};
    const created = await fixture.request('/v1/uploads', {
      method: 'POST',
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': '1000' },
    });
    return { uploadId: created.headers.get('Location')?.split('/').at(-1) ?? '' };
  }

  function pathOf(url: string): string {
    return url.replace(/:(\w+)|\*/g, (_parameter, name: string | undefined) => {
      const id = ours[name === 'jobId' && url.includes('/images') ? 'imageJobId' : (name ?? 'uploadId')];
      if (id === undefined) throw new Error(`${url}: say in makeResources what a ${name} is`);
      return id;
    });
  }

  async function ask({ method, url }: DeclaredRoute, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
    const body = bodies[`${method} ${url}`] ?? (['POST', 'PUT', 'PATCH'].includes(method) ? {} : undefined);
    const isUpload = url.startsWith('/v1/uploads');
    const contentType = isUpload ? 'application/offset+octet-stream' : 'application/json';
    const response = await fetch(`${fixture.gateway.url}${pathOf(url)}`, {
      method,
      signal: AbortSignal.timeout(callMs),
      headers: {
        'X-Forwarded-For': `192.0.${Math.floor(++requests / 250)}.${requests % 250}`,
        ...(isUpload && { 'Tus-Resumable': '1.0.0', 'Upload-Offset': '0', 'Upload-Length': '1000' }),
        ...(body && { 'Content-Type': contentType }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await beginningOf(response) };
  }

  /** Routes that do not let this caller through as they should. */
  async function exceptions(routes: readonly DeclaredRoute[], headers: Record<string, string>, expected: number): Promise<string[]> {
    const found: string[] = [];
    for (const route of routes) {
      const { status } = await ask(route, headers);
      if (status !== expected) found.push(`${route.method} ${route.url}: ${status}`);
    }
    return found;
  }

  it('needs a caller, but for a closed list', () => {
    const open = fixture.gateway.routes.filter(({ method, policy }) => policy.kind === 'public' && method !== 'HEAD');
    for (const { method, url } of open) expect(openRoutes).toContain(`${method} ${url}`);
    expect(protectedRoutes.length).toBeGreaterThan(10);
  });

  it('asks for a scope, and for more than reading where it changes something', () => {
    for (const { method, url, policy } of protectedRoutes) {
      if (policy.kind === 'superuser') continue;
      const scope = policy.kind === 'authenticated' ? policy.scope : undefined;
      expect([url, allScopes.includes(scope as (typeof allScopes)[number])]).toEqual([url, true]);
      if (!['GET', 'HEAD', 'OPTIONS'].includes(method)) expect([method, url, scope]).not.toEqual([method, url, scopes.readJobs]);
    }
  });

  it('refuses strangers with 401', async () => {
    expect(await exceptions(protectedRoutes, {}, 401)).toEqual([]);
    expect(await exceptions(protectedRoutes, { 'X-API-Key': generateApiKey() }, 401)).toEqual([]);
    expect(await exceptions(protectedRoutes, { Authorization: `Bearer ${nvr.sign({ exp: 1 })}` }, 401)).toEqual([]);
  });

  it('refuses keys that were revoked or are expired with 401', async () => {
    const revoked = await storeKey({ revokedAt: new Date() });
    const expired = await storeKey({ expiresAt: new Date(Date.now() - 1) });
    expect(await exceptions(protectedRoutes, revoked.headers, 401)).toEqual([]);
    expect(await exceptions(protectedRoutes, expired.headers, 401)).toEqual([]);
  });

  it('refuses keys that lack its scope with 403, whatever else they have', async () => {
    for (const scope of allScopes) {
      const { headers } = await storeKey({ scopes: allScopes.filter((other) => other !== scope) });
      const routes = protectedRoutes.filter(({ policy }) => policy.kind === 'authenticated' && policy.scope === scope);
      expect(await exceptions(routes, headers, 403)).toEqual([]);
    }
  });

  it('refuses users who are no superusers with 403 where keys or faces are managed', async () => {
    const managing = protectedRoutes.filter(
      ({ policy }) => policy.kind === 'superuser' || (policy.kind === 'authenticated' && /manage/.test(policy.scope ?? '')),
    );
    expect(managing.length).toBeGreaterThan(0);
    expect(await exceptions(managing, { Authorization: `Bearer ${nvr.sign()}` }, 403)).toEqual([]);
  });

  it('finds what its caller made', async () => {
    const reading = protectedRoutes.filter(({ url, method }) => url.includes(':') && ['GET', 'HEAD'].includes(method));
    expect(await exceptions(reading, { 'X-API-Key': apiKey }, 200)).toEqual([]);
  });

  it("answers 404 for another tenant's resources, and leaves them as they were", async () => {
    const neighbours = [
      (await storeKey({ tenantId: 2 })).headers,
      { Authorization: `Bearer ${nvr.sign({ tid: 2, adm: true })}` } as Record<string, string>,
    ];
    const before = await rowsOfOurs();
    const withId = protectedRoutes.filter(({ url, method }) => /[:*]/.test(url) && method !== 'OPTIONS');
    for (const headers of neighbours) expect(await exceptions(withId, headers, 404)).toEqual([]);
    expect(await rowsOfOurs()).toEqual(before);
  });

  it("lists nothing of another tenant's", async () => {
    const { headers } = await storeKey({ tenantId: 2 });
    for (const route of protectedRoutes.filter(({ url, method }) => method === 'GET' && !/[:*]/.test(url))) {
      const { status, text } = await ask(route, headers);
      expect([route.url, status < 500]).toEqual([route.url, true]);
      for (const id of Object.values(ours)) expect([route.url, text.includes(id)]).toEqual([route.url, false]);
    }
  });

  async function rowsOfOurs() {
    const { database } = fixture;
    return Promise.all([
      database.job.findMany({ orderBy: { id: 'asc' } }),
      database.jobItem.findMany(),
      database.webhookDelivery.findMany(),
      database.allowlistedPerson.findMany(),
      database.apiKey.findMany({ where: { id: ours.keyId ?? '' } }),
      fixture.mediaFiles(),
    ]);
  }
});

/** What an endless answer has said after a moment, or all of one that ends. */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  let text = '';
  const decoder = new TextDecoder();
  const timer = setTimeout(() => void reader.cancel(), streamReadMs);
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += decoder.decode(part.value, { stream: true });
  clearTimeout(timer);
  return text;
}
