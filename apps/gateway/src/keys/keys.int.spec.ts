import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { apiKey, GatewayFixture, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';
import { scopes } from './api-keys.js';
import type { KeyView } from './key-view.js';
import type { CreatedKey } from './keys.service.js';
import { startNvrTokens, type NvrTokens } from './nvr-tokens.fixture.js';

interface Answer<Body> {
  status: number;
  body: Body;
  headers: Headers;
}

describe('the management of keys', () => {
  let services: GatewayServices;
  let nvr: NvrTokens;
  let fixture: GatewayFixture;

  beforeAll(async () => {
    services = await startGatewayServices();
    nvr = await startNvrTokens();
    fixture = await GatewayFixture.start({ ...services, callers: { jwksUrl: nvr.jwksUrl } });
  });
  afterEach(async () => {
    await fixture.database.apiKey.deleteMany({ where: { NOT: { name: 'bootstrap' } } });
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await nvr?.stop();
    await services?.stop();
  });

  async function ask<Body = { code: string; detail: string; errors: { path: string }[] }>(
    method: string,
    route: string,
    { key = apiKey, token, body }: { key?: string; token?: string; body?: unknown } = {},
  ): Promise<Answer<Body>> {
    const response = await fetch(`${fixture.gateway.url}${route}`, {
      method,
      headers: {
        ...(token === undefined ? { 'X-API-Key': key } : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as Body, headers: response.headers };
  }
  const create = async (body: object = {}, as: { key?: string; token?: string } = {}) =>
    (await ask<CreatedKey>('POST', '/v1/keys', { ...as, body: { name: 'camera 7', scopes: [scopes.readJobs], ...body } })).body;
  const statusWith = async (key: string) => (await ask('GET', '/v1/keys', { key })).status;
  const list = async () => (await ask<{ keys: KeyView[]; next_cursor: string | null }>('GET', '/v1/keys')).body;

  it('shows a new key once, in the answer that made it', async () => {
    const made = await ask<CreatedKey>('POST', '/v1/keys', {
      body: { name: 'camera 7', scopes: [scopes.readJobs, scopes.readJobs], requests_per_minute: 30, face_embeddings: true },
    });
    expect([made.status, made.headers.get('location'), made.headers.get('cache-control')]).toEqual([
      201,
      `/v1/keys/${made.body.id}`,
      'no-store',
    ]);
    const { key, ...view } = made.body;
    expect(key).toMatch(/^nj_[0-9A-Za-z]{49}$/);
    expect(view).toEqual({
      id: expect.any(String),
      name: 'camera 7',
      prefix: key.slice(0, 11),
      status: 'active',
      scopes: [scopes.readJobs],
      face_embeddings: true,
      requests_per_minute: 30,
      created_at: expect.any(String),
      expires_at: null,
      revoked_at: null,
      last_used_at: null,
      replaces_id: null,
    });
    expect(await ask('GET', `/v1/keys/${view.id}`)).toMatchObject({ status: 200, body: view });
    expect(JSON.stringify(await list())).not.toContain(key);
    const rows = await fixture.database.$queryRaw<{ text: string }[]>`SELECT k::text AS text FROM jobs.api_key k`;
    expect(rows.map(({ text }) => text).join()).not.toContain(key);
  });

  it('lists the keys of the tenant page by page, newest first, with their last use', async () => {
    const made = [await create(), await create(), await create({ name: 'last' })];
    await fixture.request('/v0.2/results/video/none', { headers: { 'X-API-Key': made[2]?.key ?? '' } });
    const first = await ask<{ keys: KeyView[]; next_cursor: string }>('GET', '/v1/keys?limit=2');
    expect(first.body.keys.map(({ id }) => id)).toEqual([made[2]?.id, made[1]?.id]);
    expect(first.body.keys.map(({ last_used_at: at }) => typeof at)).toEqual(['string', 'object']);
    const second = await ask<{ keys: KeyView[] }>('GET', `/v1/keys?limit=3&cursor=${first.body.next_cursor}`);
    expect(second.body).toMatchObject({ keys: [{ id: made[0]?.id }, { name: 'bootstrap' }], next_cursor: null });
  });

  it('changes name, rate and face vectors, and nothing else', async () => {
    const { id } = await create({ requests_per_minute: 5 });
    const changed = await ask<KeyView>('PATCH', `/v1/keys/${id}`, {
      body: { name: 'door', requests_per_minute: null, face_embeddings: true },
    });
    expect([changed.status, changed.body]).toEqual([
      200,
      expect.objectContaining({ name: 'door', requests_per_minute: null, face_embeddings: true }),
    ]);
    expect((await ask('PATCH', `/v1/keys/${id}`, { body: { scopes: [scopes.manageKeys] } })).status).toBe(422);
    expect((await ask<KeyView>('PATCH', `/v1/keys/${id}`, { body: {} })).body).toMatchObject({ name: 'door', scopes: [scopes.readJobs] });
  });

  it('rotates a key: both are valid for the overlap, then only the new one', async () => {
    const old = await create({ scopes: [scopes.manageKeys], requests_per_minute: 100, face_embeddings: true });
    const rotatedAtMs = Date.now();
    const rotated = await ask<CreatedKey>('POST', `/v1/keys/${old.id}/rotate`, { body: { overlap_seconds: 3_600 } });
    const overlapFromMs = Date.now();
    expect(rotated).toMatchObject({
      status: 201,
      body: { name: old.name, scopes: old.scopes, requests_per_minute: 100, face_embeddings: true, replaces_id: old.id, expires_at: null },
    });
    expect([await statusWith(old.key), await statusWith(rotated.body.key)]).toEqual([200, 200]);
    const endsAtMs = Date.parse((await ask<KeyView>('GET', `/v1/keys/${old.id}`)).body.expires_at ?? '');
    expect(endsAtMs).toBeGreaterThanOrEqual(rotatedAtMs + 3_600_000);
    expect(endsAtMs).toBeLessThanOrEqual(overlapFromMs + 3_600_000);

    const again = await ask<CreatedKey>('POST', `/v1/keys/${old.id}/rotate`, { body: { overlap_seconds: 0 } });
    expect(again.status).toBe(201);
    expect(await statusWith(old.key)).toBe(401);
    expect((await ask('POST', `/v1/keys/${old.id}/rotate`, { body: { overlap_seconds: 0 } })).body.code).toBe('conflict');
  });

  it('gives a rotated key the lifetime of the old one, and never prolongs the old one', async () => {
    const dayMs = 86_400_000;
    const old = await create({ expires_at: new Date(Date.now() + dayMs).toISOString() });
    const rotatedAtMs = Date.now();
    const rotated = await ask<CreatedKey>('POST', `/v1/keys/${old.id}/rotate`, { body: { overlap_seconds: 7 * 86_400 } });
    const elapsedMs = Date.now() - rotatedAtMs;
    expect(Math.abs(Date.parse(rotated.body.expires_at ?? '') - rotatedAtMs - dayMs)).toBeLessThan(10_000 + elapsedMs);
    expect((await ask<KeyView>('GET', `/v1/keys/${old.id}`)).body.expires_at).toBe(old.expires_at);
  });

  it('revokes a key at once where it is asked, and within 5 s at another gateway', async () => {
    const other = await GatewayFixture.start({ ...services });
    try {
      const { id, key } = await create({ scopes: [scopes.manageKeys] });
      const statusThere = async () => (await other.request('/v1/keys', { headers: { 'X-API-Key': key } })).status;
      expect([await statusWith(key), await statusThere()]).toEqual([200, 200]);
      expect((await ask('DELETE', `/v1/keys/${id}`)).status).toBe(204);
      const revokedAtMs = performance.now();
      expect(await statusWith(key)).toBe(401);
      // When it was asked counts, not when it was answered.
      let askedAtMs = revokedAtMs;
      for (; (await statusThere()) === 200; askedAtMs = performance.now()) expect(askedAtMs - revokedAtMs).toBeLessThan(5_000);
      const { revoked_at: revokedAt } = (await ask<KeyView>('GET', `/v1/keys/${id}`)).body;
      expect((await ask('DELETE', `/v1/keys/${id}`)).status).toBe(204);
      expect((await ask<KeyView>('GET', `/v1/keys/${id}`)).body).toMatchObject({ status: 'revoked', revoked_at: revokedAt });
      expect((await ask('PATCH', `/v1/keys/${id}`, { body: { name: 'back' } })).body.code).toBe('conflict');
    } finally {
      await other.stopAndRemoveMedia();
    }
  });

  it('lets nobody grant what it has not got, be it by a rotation', async () => {
    const manager = await create({ scopes: [scopes.manageKeys, scopes.readJobs] });
    const writer = await create({ scopes: [scopes.writeJobs] });
    const refused = await ask('POST', '/v1/keys', { key: manager.key, body: { name: 'x', scopes: [scopes.readJobs, scopes.writeJobs] } });
    expect([refused.status, refused.body.code]).toEqual([403, 'permission_denied']);
    expect((await ask('POST', `/v1/keys/${writer.id}/rotate`, { key: manager.key, body: { overlap_seconds: 0 } })).status).toBe(403);
    expect(await create({ scopes: [scopes.readJobs] }, { key: manager.key })).toMatchObject({ scopes: [scopes.readJobs] });
  });

  it('is for superusers too, and not for other users', async () => {
    const made = await create({ scopes: Object.values(scopes) }, { token: nvr.sign({ adm: true }) });
    expect(await statusWith(made.key)).toBe(200);
    expect((await ask('GET', '/v1/keys', { token: nvr.sign() })).status).toBe(403);
    expect((await ask('POST', '/v1/keys', { token: nvr.sign(), body: {} })).status).toBe(403);
  });

  it('keeps tenants apart', async () => {
    const { id, key } = await create();
    const neighbour = nvr.sign({ adm: true, tid: 2 });
    const theirs = await create({}, { token: neighbour });
    expect((await ask<{ keys: KeyView[] }>('GET', '/v1/keys', { token: neighbour })).body.keys.map((view) => view.id)).toEqual([theirs.id]);
    for (const [method, route, body] of [
      ['GET', `/v1/keys/${id}`, undefined],
      ['PATCH', `/v1/keys/${id}`, {}],
      ['DELETE', `/v1/keys/${id}`, undefined],
      ['POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 0 }],
    ] as const)
      expect([method, (await ask(method, route, { token: neighbour, body })).status]).toEqual([method, 404]);
    expect((await fixture.request('/v0.2/results/video/none', { headers: { 'X-API-Key': key } })).status).toBe(404);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'x', '00000000-0000-0000-0000-00000000000', '%00'])(
    'knows no key of the id %s',
    async (id) => {
      expect((await ask('GET', `/v1/keys/${id}`)).status).toBe(404);
      expect((await ask('DELETE', `/v1/keys/${id}`)).status).toBe(404);
    },
  );

  it.each<[string, object]>([
    ['name', { name: '' }],
    ['name', { name: 'a\0b' }],
    ['name', { name: 'a\nb' }],
    ['name', { name: 'a'.repeat(101) }],
    ['name', { name: 'bootstrap' }],
    ['scopes', { scopes: [] }],
    ['scopes.0', { scopes: ['jobs:everything'] }],
    ['scopes.0', { scopes: ['constructor'] }],
    ['expires_at', { expires_at: '2020-01-01T00:00:00Z' }],
    ['expires_at', { expires_at: 'tomorrow' }],
    ['requests_per_minute', { requests_per_minute: 0 }],
    ['face_embeddings', { face_embeddings: 'yes' }],
    ['', { tenant_id: 2 }],
  ])('answers 422 to a wrong %s: %j', async (path, wrong) => {
    const answer = await ask('POST', '/v1/keys', { body: { name: 'x', scopes: [scopes.readJobs], ...wrong } });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([422, 'application/problem+json; charset=utf-8']);
    expect(answer.body.errors).toMatchObject([{ path }]);
  });

  it.each(['{"__proto__":{"scopes":["keys:manage"]}}', '{"constructor":{"prototype":{"scopes":["keys:manage"]}}}', '{"name":'])(
    'answers 400 to the body %s',
    async (body) => {
      const init = { method: 'POST', body, headers: { 'Content-Type': 'application/json' } };
      expect((await fixture.request('/v1/keys', init)).status).toBe(400);
    },
  );

  it('leaves the key of the setting to the setting, but for a revocation', async () => {
    const [bootstrap] = (await list()).keys;
    const route = `/v1/keys/${bootstrap?.id}`;
    expect((await ask('POST', `${route}/rotate`, { body: { overlap_seconds: 0 } })).body.code).toBe('conflict');
    expect((await ask('PATCH', route, { body: { name: 'mine' } })).body.code).toBe('conflict');
    expect((await ask<KeyView>('PATCH', route, { body: { face_embeddings: true } })).body).toMatchObject({ face_embeddings: true });
    const manager = await create({ scopes: [scopes.manageKeys] });
    expect((await ask('DELETE', route, { key: manager.key })).status).toBe(204);
    expect(await statusWith(apiKey)).toBe(401);
    await fixture.database.apiKey.updateMany({ where: { name: 'bootstrap' }, data: { revokedAt: null } });
    expect(await statusWith(apiKey)).toBe(200);
  });
});
