import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

interface Content {
  schema?: object;
  examples?: Record<string, { value: unknown }>;
}
interface Operation {
  operationId: string;
  summary: string;
  security: object[];
  parameters?: { name: string; in: string; description: string }[];
  requestBody?: { content: Record<string, Content> };
  responses: Record<string, { content?: Record<string, Content> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

describe('the document of the NVR', () => {
  let nvr: TestNvr;
  let document: Document;
  let ajv: Ajv2020;

  const validator = (schema: object): ValidateFunction =>
    ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/')) as object);
  const operations = () =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
    );
  /** What a request is answered, which must fit what the document says of its status. */
  const ask = async (method: string, path: string, route = path, body?: unknown): Promise<Record<string, unknown>> => {
    const response = await nvr.fetch(route, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    const described = document.paths[path]?.[method.toLowerCase()]?.responses[response.status];
    expect([method, route, response.status, described !== undefined]).toEqual([method, route, response.status, true]);
    const schema = described?.content?.['application/json']?.schema;
    if (!schema) return {};
    const answer = JSON.parse(text) as Record<string, unknown>;
    const validate = validator(schema);
    expect({ method, route, valid: validate(answer), errors: validate.errors }).toEqual({ method, route, valid: true, errors: null });
    return answer;
  };
  const exampleOf = (path: string): unknown =>
    Object.values(document.paths[path]!.post!.requestBody!.content['application/json']!.examples!)[0]!.value;

  beforeAll(async () => {
    nvr = await startTestNvr();
    document = (await (await fetch(`${nvr.url}/openapi.json`)).json()) as Document;
    ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema({ $id: 'document', components: document.components });
  });
  afterAll(() => nvr.stop());

  it('is OpenAPI 3.1, and every schema in it is one', () => {
    expect(document.openapi).toBe('3.1.0');
    for (const [, name] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g))
      expect(document.components.schemas).toHaveProperty(name!);
    const contents = operations().flatMap(({ operation: { requestBody, responses } }) =>
      [requestBody?.content ?? {}, ...Object.values(responses).map(({ content = {} }) => content)].flatMap((some) => Object.values(some)),
    );
    for (const schema of new Set(contents.flatMap((content) => (content.schema ? [JSON.stringify(content.schema)] : []))))
      expect(() => validator(JSON.parse(schema) as object)).not.toThrow();
  });

  it('has every route of the NVR, and no other, with the same policy', () => {
    const documented = operations().map(
      ({ method, path, operation }) => `${method.toUpperCase()} ${path} ${operation.security.length === 0 ? 'public' : 'protected'}`,
    );
    const declared = nvr.routes
      // Fastify answers HEAD wherever it answers GET; the dashboard's own files are no API.
      .filter(({ method, url }) => method !== 'HEAD' && url !== '/' && !url.startsWith('/assets/'))
      .map(({ method, url, policy }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')} ${policy.kind === 'public' ? 'public' : 'protected'}`);
    expect(documented.sort()).toEqual([...new Set(declared)].sort());
  });

  it('names every operation once, for generated clients, and says what each of its parameters is', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z]+$/);
    for (const { operation, path } of operations()) {
      expect(operation.summary.length).toBeGreaterThan(5);
      for (const { description, name } of operation.parameters ?? [])
        expect([path, name, description.length > 1]).toEqual([path, name, true]);
    }
  });

  it('tells the truth about cameras: its own example is a request that works', async () => {
    const camera = await ask('POST', '/api/v1/cameras', '/api/v1/cameras?force=true', exampleOf('/api/v1/cameras'));
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
    const key = await ask('POST', '/api/v1/api-keys', undefined, exampleOf('/api/v1/api-keys'));
    await ask('DELETE', '/api/v1/api-keys/{keyId}', `/api/v1/api-keys/${String(key.id)}`);
    await ask('POST', '/api/v1/api-keys', undefined, { name: 'x' });
    const rule = await ask('POST', '/api/v1/rules', undefined, exampleOf('/api/v1/rules'));
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
      ['/api/v1/recordings/protections'],
      ['/api/v1/exports'],
      ['/api/v1/apps'],
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
