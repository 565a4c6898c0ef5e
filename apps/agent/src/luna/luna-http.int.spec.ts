import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestBus, type TestBus, until } from '@nightjar/testing';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { AgentFixture } from '../agent.fixture.js';

const documentedId = /^[0-9]{10},[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/;

interface Document {
  openapi: string;
  paths: Record<
    string,
    Record<string, { operationId: string; responses: Record<string, { content?: Record<string, { schema: object }> }> }>
  >;
  components: { schemas: Record<string, object> };
}

let bus: TestBus;
let fixture: AgentFixture;
const get = (route: string, headers: Record<string, string> = {}) => fetch(`${fixture.agent.url}${route}`, { headers, redirect: 'manual' });

beforeAll(async () => {
  bus = await startTestBus();
  fixture = await AgentFixture.start({ natsUrl: bus.url });
});
afterAll(async () => {
  await fixture?.close();
  await bus?.stop();
});

describe('a resource of the agent', () => {
  it('that is asked for with another method answers 405, with the methods that there are', async () => {
    for (const [method, route] of [
      ['POST', '/version'],
      ['DELETE', '/config?x=1'],
      ['OPTIONS', '/1/ws'],
    ] as const) {
      const response = await fetch(`${fixture.agent.url}${route}`, { method });
      expect([response.status, response.headers.get('allow'), await response.json()]).toEqual([
        405,
        expect.stringMatching(/^GET\b/),
        { error_code: 12021, desc: 'Method not allowed', detail: 'Method not allowed', link: '/docs/errors#code-12021' },
      ]);
      expect(response.headers.get('luna-request-id')).toMatch(documentedId);
    }
    const unknown = await fetch(`${fixture.agent.url}/nothing`, { method: 'POST' });
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { error_code: 12013 }]);
  });
});

describe('the documentation of the agent', () => {
  it('is YAML or a page, by what the caller accepts', async () => {
    for (const type of ['application/x-yaml', 'application/yaml']) {
      const response = await get('/docs/spec', { accept: type });
      expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
      expect(response.headers.get('vary')).toBe('Accept');
      const document = parse(await response.text()) as Document;
      expect(document.openapi).toBe('3.1.0');
      expect(JSON.stringify(document.paths['/1/ws'])).toContain('"callbacks":{"streamMessage":');
      expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/version', '/1/ws', '/config', '/plugins', '/healthcheck']));
    }
    for (const accept of ['text/html', '*/*']) {
      const response = await get('/docs/spec', { accept });
      expect(response.headers.get('content-type')).toContain('text/html');
      expect(response.headers.get('vary')).toBe('Accept');
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      const files = [...(await response.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(
        ([, file]) => new URL(file!, `${fixture.agent.url}/docs/spec`),
      );
      expect(files.length).toBeGreaterThanOrEqual(4);
      for (const file of files) {
        const answer = await fetch(file);
        expect([file.href, answer.status]).toEqual([file.href, 200]);
        // A body that nobody reads keeps its connection, and so the process, for good.
        expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(0);
      }
    }
  });

  it('is refused with the documented code to who accepts neither', async () => {
    const response = await get('/docs/spec', { accept: 'image/png' });
    expect(response.headers.get('vary')).toBe('Accept');
    expect([response.status, await response.json()]).toEqual([
      400,
      { error_code: 12024, desc: 'Bad/incomplete input data', detail: 'Unsupported media type', link: '/docs/errors#code-12024' },
    ]);
  });

  it('names every route there is, and tells the truth about those that are only read', async () => {
    const document = (await (await get('/docs/spec/openapi.json')).json()) as Document;
    const undocumented = ['/livez', '/readyz', '/configs', '/1/config', '/1/plugins'];
    const routes = fixture.agent.routes.filter(({ method }) => method === 'GET').map(({ url }) => url);
    const expected = routes.filter((url) => !undocumented.includes(url) && !/^\/docs\/(spec|dev)\//.test(url));
    expect(Object.keys(document.paths).sort()).toEqual(expected.sort());
    const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema({ $id: 'document', components: document.components });
    for (const route of ['/version', '/config', '/plugins', '/healthcheck']) {
      const schema = document.paths[route]!.get!.responses['200']!.content!['application/json']!.schema;
      const response = await get(route, { accept: 'application/json' });
      const validate = ajv.compile(schema);
      expect({ route, valid: validate(await response.json()), errors: validate.errors }).toEqual({ route, valid: true, errors: null });
    }
  });

  it('tells what each error code means, where the link of an error leads', async () => {
    const { link } = (await (await get('/nothing')).json()) as { link: string };
    const [path = '', part = ''] = link.split('#');
    expect(await (await get(path)).text()).toContain(`<tr id="${part}"><td>12013</td><td>Resource not found</td>`);
  });

  it('has a manual, to which /docs/dev leads', async () => {
    const response = await get('/docs/dev');
    expect([response.status, response.headers.get('location')]).toEqual([302, '/docs/dev/index.html']);
    expect(await (await get('/docs/dev/index.html')).text()).toContain('Listening to a stream');
  });
});

describe('the settings of the agent', () => {
  it('are JSON or text, under each of their names, without secrets', async () => {
    for (const route of ['/config', '/configs', '/1/config']) {
      const json = (await (await get(route)).json()) as Record<string, object>;
      expect(json).toMatchObject({
        INFLUX_MONITORING: { SEND_DATA_FOR_MONITORING: 0 },
        LUNA_VIDEO_AGENT_SETTINGS: { MAX_ACTIVE_TASKS: 4 },
      });
      const text = await get(route, { accept: 'text/plain' });
      expect(text.headers.get('content-type')).toContain('text/plain');
      expect(await text.text()).toContain('[INFLUX_MONITORING]\nSEND_DATA_FOR_MONITORING = 0\n');
    }
    const refused = await get('/config', { accept: 'application/xml' });
    expect([refused.status, ((await refused.json()) as { error_code: number }).error_code]).toEqual([400, 12023]);
  });
});

describe('the health of the agent', () => {
  it('is 200 with the time it took, also when the manager answers', async () => {
    await until(async () => (await get('/healthcheck?include_luna_services=1')).status === 200);
    for (const query of ['', '?include_luna_services=0', '?include_luna_services=1']) {
      const response = await get(`/healthcheck${query}`);
      expect([response.status, await response.json()]).toEqual([200, { execution_time: expect.any(Number) }]);
    }
  });

  it('takes 0 and 1 only', async () => {
    for (const wrong of ['2', 'true', '', '0x1']) {
      const response = await get(`/healthcheck?include_luna_services=${wrong}`);
      expect([response.status, ((await response.json()) as { error_code: number }).error_code]).toEqual([400, 12022]);
    }
  });

  it('is 502 with what is wrong while the bus is away', async () => {
    const lonely = await startTestBus();
    const agent = await AgentFixture.start({ natsUrl: lonely.url });
    try {
      await lonely.stop();
      let body: { components?: object[] } = {};
      // It may be unwell for another reason before it notices.
      await until(async () => {
        const answer = await fetch(`${agent.agent.url}/healthcheck?include_luna_services=1`);
        body = (await answer.json()) as typeof body;
        return answer.status === 502 && JSON.stringify(body.components).includes('"bus"');
      });
      expect(body).toMatchObject({ desc: 'Unhealthy', detail: expect.stringContaining('bus'), execution_time: expect.any(Number) });
      expect(body.components).toContainEqual({ component: 'bus', status: 502, error: { desc: 'not connected' } });
    } finally {
      await agent.close();
    }
  });
});

describe('every answer', () => {
  it('carries the request id, the caller’s or one of the documented form', async () => {
    for (const route of ['/version', '/docs/spec', '/docs/dev', '/config', '/plugins', '/healthcheck', '/nope']) {
      expect((await get(route)).headers.get('luna-request-id')).toMatch(documentedId);
      expect((await get(route, { 'Luna-Request-Id': 'mine' })).headers.get('luna-request-id')).toBe('mine');
    }
    // Refused before any route is looked for.
    const malformed = await get('/1/%');
    expect([malformed.status, malformed.headers.get('luna-request-id')]).toEqual([400, expect.stringMatching(documentedId)]);
    expect((await get('/1/%', { 'Luna-Request-Id': 'mine' })).headers.get('luna-request-id')).toBe('mine');
  });
});
