import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DocumentedApi, samplePictures, type ApiDocument } from '@nightjar/testing';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { AdapterFixture, ask } from '../adapter.fixture.js';
import type { AdapterHttp } from '../adapter-http.js';
import { dropModelsAndTasks, type DroppedFolders } from '../../tasks/dropped-folders.fixture.js';

describe('/docs', () => {
  let dropped: DroppedFolders;
  let fixture: AdapterFixture;
  let http: AdapterHttp;
  let api: DocumentedApi;
  let document: ApiDocument;

  const expectValid = (value: unknown, validate: ValidateFunction) => {
    expect({ valid: validate(value), errors: validate.errors }).toEqual({ valid: true, errors: null });
  };
  const replySchema = (method: string, path: string) =>
    document.paths[path]![method]!.responses['200']!.content!['application/json']!.schema!;

  beforeAll(async () => {
    dropped = await dropModelsAndTasks();
    fixture = await AdapterFixture.start({ engine: { modelsDir: dropped.modelsDir, tasksDir: dropped.tasksDir } });
    await fixture.writeFrame('camera_0', 'latest.jpg', await readFile(samplePictures[0]!));
    http = await fixture.open();
    document = (await ask<ApiDocument>(http, 'GET', '/docs/openapi.json')).body;
    api = new DocumentedApi(document);
  });
  afterAll(async () => {
    await fixture?.close();
    await dropped?.remove();
  });

  it('is an OpenAPI 3.1 document whose references lead somewhere and whose schemas are schemas', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(api.checkSchemas()).toBeGreaterThan(30);
  });

  it('names every operation once, with a summary, a tag of the document and answers', () => {
    const operations = api.operations.map(({ operation }) => operation);
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { summary, tags, responses } of operations) {
      expect(summary.length).toBeGreaterThan(5);
      expect(tags).toHaveLength(1);
      expect(Object.keys(responses).length).toBeGreaterThan(0);
    }
  });

  it.each(['legacy', 'contract'] as const)('has every route of the app, and no other, when the root is %s', async (rootSurface) => {
    const opened = await fixture.open({ rootSurface });
    const { body } = await ask<ApiDocument>(opened, 'GET', '/docs/openapi.json');
    const documented = new DocumentedApi(body).operations.flatMap(({ path, method, operation }) => {
      const isPublic = operation.security.length === 0;
      const servers = (body.paths[path] as { servers?: { url: string }[] }).servers ?? [{ url: '/' }];
      return servers.map(({ url }) => `${method.toUpperCase()} ${url.replace(/\/$/, '')}${path} ${isPublic ? 'public' : 'authenticated'}`);
    });
    const routes = opened.routes
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url, policy }) => `${method} ${url.replace(/:([A-Za-z_]+)/g, '{$1}')} ${policy.kind}`);
    // `/infer` stands at the root and under both prefixes, and speaks both contracts everywhere.
    expect(documented.sort()).toEqual(routes.sort());
  });

  it('documents every task, with a request, a reply and an example of both that fit', () => {
    const { requestBody, responses } = document.paths['/infer']!.post!;
    const requests = requestBody!.content['application/json']!;
    const replies = responses['200']!.content!['application/json']!;
    const names = Object.keys(requests.examples!);
    expect(names.length).toBeGreaterThanOrEqual(16);
    expect(Object.keys(replies.examples!)).toEqual(names);
    const [ofRequest, ofReply] = [api.validator(requests.schema!), api.validator(replies.schema!)];
    for (const name of names) {
      expectValid(requests.examples![name]!.value, ofRequest);
      const reply = replies.examples![name]!.value as Record<string, unknown>;
      expectValid(reply, ofReply);
      // …and nothing else does.
      const { latency_ms: _latency, ...incomplete } = reply;
      for (const wrong of [incomplete, { ...reply, task: 'mind_reading' }]) expect(ofReply(wrong)).toBe(false);
      // The operator's task does not say that it answers nothing else; built-in ones do.
      expect(ofReply({ ...reply, undocumented: 1 })).toBe(name === 'crowd_level');
    }
  });

  it('tells the truth: every example request, sent with a real picture, gets an answer that fits the schema', async () => {
    const { examples } = document.paths['/infer']!.post!.requestBody!.content['application/json']!;
    const { tasks } = (await ask<{ tasks: string[] }>(http, 'GET', '/capabilities')).body;
    expect(Object.keys(examples!).sort()).toEqual([...tasks].sort());
    // A task of the operator's is documented like any other.
    expect(tasks).toContain('crowd_level');
    for (const [name, { value }] of Object.entries(examples!)) {
      const { status, body } = await ask(http, 'POST', '/infer', value);
      expect({ name, status, body: status === 200 ? {} : body }).toEqual({ name, status: 200, body: {} });
      const schema = document.components.schemas[`${pascalCase(name)}Reply`]!;
      expectValid(body, api.validator(schema));
      // Nothing is answered that is not documented.
      expect(Object.keys((schema as { properties: object }).properties)).toEqual(expect.arrayContaining(Object.keys(body)));
    }
  });

  it('tells the truth of pipelines, of the contract and of faces', async () => {
    for (const path of ['/pipeline/run', '/contract/infer', '/faces/register']) {
      const { examples } = document.paths[path]!.post!.requestBody!.content['application/json']!;
      for (const { value } of Object.values(examples!)) {
        expectValid(value, api.validator(document.paths[path]!.post!.requestBody!.content['application/json']!.schema!));
        const { status, body } = await ask(http, 'POST', path, value);
        expect({ path, status, failure: body.error }).toEqual({ path, status: 200, failure: undefined });
        expectValid(body, api.validator(replySchema('post', path)));
      }
    }
  });

  it('tells the truth of every route that is only read', async () => {
    await ask(http, 'POST', '/faces/register', { person_id: 'emp-17', name: 'Ada', frame: { uri: 'opennvr://camera_0/latest.jpg' } });
    const values: Record<string, string> = { person_id: 'emp-17', name: 'nanodet', version: '3', file: 'start.js' };
    for (const { path, method, operation } of api.operations) {
      const json = operation.responses['200']?.content?.['application/json'];
      if (method !== 'get' || !json) continue;
      const route = path.replace(/\{(\w+)\}/g, (_whole, name: string) => values[name]!);
      const response = await fetch(http.url + route);
      const body = (await response.json()) as unknown;
      if (response.status === 200) expectValid(body, api.validator(json.schema!));
      else expect({ route, status: response.status }).toEqual({ route: '/v2/health/ready', status: 503 });
    }
  });

  it('says how errors look on each surface', async () => {
    const wrong: [string, string, string, unknown][] = [
      ['POST', '/infer', 'Error', {}],
      ['POST', '/pipeline/run', 'Error', {}],
      ['GET', '/faces/nobody', 'Error', undefined],
      ['POST', '/contract/infer', 'FailureEnvelope', { frame_b64: '!' }],
      ['GET', '/v2/models/nothing', 'OipError', undefined],
      ['GET', '/docs/assets/nothing', 'Error', undefined],
    ];
    for (const [method, route, schema, body] of wrong) {
      const answer = await ask(http, method, route, body);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expectValid(answer.body, api.validator(document.components.schemas[schema]!));
    }
  });

  it('is open to everybody and shows no secret', async () => {
    const guarded = await fixture.open({ credentials: { apiKey: 'the-adapter-key', token: 'the-adapter-token' } });
    for (const route of ['/docs', '/docs/', '/docs/openapi.json', '/docs/assets/swagger-ui.css']) {
      const response = await fetch(guarded.url + route);
      expect(response.status).toBe(200);
      const text = await response.text();
      for (const secret of ['the-adapter-key', 'the-adapter-token', fixture.directory, dropped.modelsDir])
        expect(text).not.toContain(secret);
    }
  });

  it('is a page that loads nothing from elsewhere', async () => {
    for (const [route, base] of [
      ['/docs', '/'],
      ['/docs/', '/docs/'],
    ]) {
      const response = await fetch(http.url + route);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self';/);
      const page = await response.text();
      expect(page).not.toMatch(/https?:/);
      expect(page).not.toMatch(/<script>|onload=/);
      const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => new URL(address!, `http://page${base}`).pathname);
      expect(assets).toHaveLength(5);
      for (const asset of assets) {
        const answer = await fetch(http.url + asset);
        // Read to its end: a body that nobody reads keeps its connection, and so the process, for good.
        expect({ asset, status: answer.status, bytes: (await answer.arrayBuffer()).byteLength }).toEqual({
          asset,
          status: 200,
          bytes: Number(answer.headers.get('content-length')),
        });
      }
    }
  });

  it.each([
    'package.json',
    '..%2Fpackage.json',
    '..%2f..%2f..%2fetc%2fpasswd',
    '__proto__',
    'constructor',
    'swagger-ui.js.map',
    '.',
    'x'.repeat(900),
  ])('gives out no other file: %s', async (name) => {
    expect((await fetch(`${http.url}/docs/assets/${name}`)).status).toBe(404);
  });

  it('says which tasks are not on offer, before the engine is up too', async () => {
    const bare = await AdapterFixture.start({ startEngine: false });
    const { body } = await ask<ApiDocument & { info: { description: string } }>(await bare.open(), 'GET', '/docs/openapi.json');
    expect(body.info.description).toMatch(/`image_embedding`: .*Not on offer now: it needs a model of kind embedder/);
    expect(body.info.description).toMatch(/`identity`: [^*]*$/m);
    expect(body.components.schemas).toHaveProperty('ImageEmbeddingReply');
    await bare.close();
  });
});

function pascalCase(name: string): string {
  return name.replace(/(^|_)([a-z])/g, (_whole, _start, letter: string) => letter.toUpperCase());
}
