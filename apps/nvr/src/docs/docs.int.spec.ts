import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DocumentedApi, type ApiDocument } from '@nightjar/testing';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

describe('the document of the NVR', () => {
  let nvr: TestNvr;
  let api: DocumentedApi;

  /** What a request is answered, which must fit what the document says of its status. */
  const ask = async (method: string, path: string, route = path, body?: unknown): Promise<Record<string, unknown>> => {
    const json = body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    return api.read(method, path, await nvr.fetch(route, { method, ...json }));
  };

  beforeAll(async () => {
    nvr = await startTestNvr();
    api = new DocumentedApi((await (await fetch(`${nvr.url}/openapi.json`)).json()) as ApiDocument);
  });
  afterAll(() => nvr.stop());

  it('is OpenAPI 3.1, and every schema in it is one', () => {
    expect(api.document.openapi).toBe('3.1.0');
    expect(api.checkSchemas()).toBeGreaterThan(100);
  });

  it('has every route of the NVR, and no other, with the same policy', () => {
    const documented = api.operations.map(
      ({ method, path, operation }) => `${method.toUpperCase()} ${path} ${operation.security.length === 0 ? 'public' : 'protected'}`,
    );
    const declared = nvr.routes
      // Fastify answers HEAD wherever it answers GET; the dashboard's own files are no API.
      .filter(({ method, url }) => method !== 'HEAD' && url !== '/' && !url.startsWith('/assets/'))
      .map(({ method, url, policy }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')} ${policy.kind === 'public' ? 'public' : 'protected'}`);
    expect(documented.sort()).toEqual([...new Set(declared)].sort());
  });

  it('names every operation once, for generated clients, and says what each of its parameters is', () => {
    const ids = api.operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z]+$/);
    for (const { operation, path } of api.operations) {
      expect(operation.summary.length).toBeGreaterThan(5);
      for (const { description, name } of operation.parameters ?? [])
        expect([path, name, description.length > 1]).toEqual([path, name, true]);
    }
  });

  it('tells the truth about cameras: its own example is a request that works', async () => {
    const camera = await ask('POST', '/api/v1/cameras', '/api/v1/cameras?force=true', api.exampleOf('POST', '/api/v1/cameras'));
    const route = (rest = '') => `/api/v1/cameras/${String(camera.id)}${rest}`;
    await ask('GET', '/api/v1/cameras');
    await ask('GET', '/api/v1/cameras/{reference}', route());
    expect((await ask('PUT', '/api/v1/cameras/{reference}', route(), { description: 'the gate' })).description).toBe('the gate');
    await ask('PUT', '/api/v1/cameras/{reference}', route(), { name: '' });
    await ask('GET', '/api/v1/cameras/{reference}/snapshot', route('/snapshot'));
    await ask('GET', '/api/v1/recordings/{reference}', `/api/v1/recordings/${String(camera.id)}?start_unix=1&end_unix=2`);
    await ask('GET', '/api/v1/recordings/segments/{reference}', `/api/v1/recordings/segments/${String(camera.id)}?date=2026-06-01`);
    await ask('GET', '/api/v1/recordings/status/{reference}', `/api/v1/recordings/status/${String(camera.id)}`);
    await ask('DELETE', '/api/v1/cameras/{reference}', route());
    await ask('GET', '/api/v1/cameras/{reference}', route());
  });

  it('tells the truth about users, roles, keys and rules', async () => {
    await ask('GET', '/api/v1/auth/me');
    await ask('GET', '/api/v1/users');
    await ask('GET', '/api/v1/roles');
    await ask('GET', '/api/v1/password-policy');
    const key = await ask('POST', '/api/v1/api-keys', undefined, api.exampleOf('POST', '/api/v1/api-keys'));
    await ask('DELETE', '/api/v1/api-keys/{keyId}', `/api/v1/api-keys/${String(key.id)}`);
    await ask('POST', '/api/v1/api-keys', undefined, { name: 'x' });
    const rule = await ask('POST', '/api/v1/rules', undefined, api.exampleOf('POST', '/api/v1/rules'));
    await ask('GET', '/api/v1/rules/{ruleId}/deliveries', `/api/v1/rules/${String(rule.id)}/deliveries`);
    await ask('GET', '/api/v1/audit-logs', '/api/v1/audit-logs?limit=5');
  });

  it('tells the truth about what is only read', async () => {
    for (const [path, query] of [
      ['/api/v1/events', '?limit=1'],
      ['/api/v1/events', '?limit=0'],
      ['/api/v1/events/latest'],
      ['/api/v1/recordings/list'],
      ['/api/v1/recordings/stats'],
      ['/api/v1/recordings/storage'],
      ['/api/v1/recordings/config'],
      ['/api/v1/recordings/retention'],
      ['/api/v1/recordings/schedule'],
      ['/api/v1/recordings/sessions-for-ai'],
      ['/api/v1/recordings/playback/cameras'],
      ['/api/v1/recordings/orphans'],
      ['/api/v1/recordings/protections'],
      ['/api/v1/exports'],
      ['/api/v1/apps'],
      ['/api/v1/adapters'],
      ['/api/v1/permissions'],
      ['/api/v1/system/posture'],
      ['/api/v1/system/events'],
      ['/api/v1/system/monitoring-settings'],
      ['/api/v1/camera-config'],
      ['/api/v1/cameras/assignable-skills'],
      ['/api/v1/ai/capabilities'],
      ['/api/v1/apps/index'],
      ['/api/v1/system/resources'],
      ['/api/v1/system/resources/history', '?minutes=5'],
      ['/api/v1/system/resources/history', '?minutes=0'],
      ['/1/streams'],
      ['/1/streams', '?statuses=running'],
      ['/1/analytics'],
      ['/1/agents'],
      ['/1/groups'],
      ['/livez'],
      ['/readyz'],
      ['/health'],
      ['/.well-known/jwks.json'],
    ])
      await ask('GET', path!, `${path}${query ?? ''}`);
  });

  it('is open to everybody and has a page that loads nothing from elsewhere', async () => {
    const response = await fetch(`${nvr.url}/docs`);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const files = [...(await response.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => new URL(file!, `${nvr.url}/docs`));
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const file of files) {
      const answer = await fetch(file);
      expect([file.href, file.origin, answer.status]).toEqual([file.href, nvr.url, 200]);
      expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(0);
    }
  });
});
