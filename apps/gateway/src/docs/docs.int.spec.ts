import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DocumentedApi, type ApiDocument } from '@nightjar/testing';
import { apiKey, finishedVideo, GatewayFixture, imageResult, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';

describe('the document of the job API', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;
  let api: DocumentedApi;

  /** The answer of a request, which must fit what the document says of its status. */
  const ask = async (method: string, path: string, route = path, init: RequestInit = {}): Promise<Record<string, unknown>> =>
    api.read(method, path, await fixture.request(route, { ...init, method: method.toUpperCase() }));
  const json = (body: unknown): RequestInit => ({ body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });

  beforeAll(async () => {
    services = await startGatewayServices();
    fixture = await GatewayFixture.start({ ...services });
    api = new DocumentedApi((await (await fetch(`${fixture.gateway.url}/v1/openapi.json`)).json()) as ApiDocument);
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  it('is OpenAPI 3.1, and every reference leads to a schema', () => {
    expect(api.document.openapi).toBe('3.1.0');
    expect(api.checkSchemas()).toBeGreaterThan(20);
  });

  it('has every route of the gateway, and no other, with the same policy', () => {
    const documented = api.operations.map(
      ({ method, path, operation }) => `${method.toUpperCase()} ${path} ${operation.security.length === 0 ? 'public' : 'authenticated'}`,
    );
    const declared = fixture.gateway.routes
      // Fastify answers HEAD wherever it answers GET; tus has one of its own.
      .filter(({ method, url }) => method !== 'HEAD' || url.startsWith('/v1/uploads/'))
      .map(
        ({ method, url, policy }) =>
          `${method} ${url.replace(/:(\w+)/g, (_, name: string) => (url.startsWith('/v0.2') ? '{job_id}' : `{${name}}`))} ${policy.kind === 'public' ? 'public' : 'authenticated'}`,
      );
    expect([...new Set(documented)].sort()).toEqual([...new Set(declared)].sort());
  });

  it('names every operation once, for generated clients', () => {
    const ids = api.operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z]+$/);
    for (const { operation } of api.operations) expect(operation.summary.length).toBeGreaterThan(5);
  });

  it('tells the truth about a video, from submit to removal', async () => {
    const submitted = await ask('post', '/v0.2/request/video', undefined, {
      body: Buffer.from('any bytes'),
      headers: { 'Content-Type': 'application/octet-stream' },
    });
    const jobId = submitted.job_id as string;
    const result = () => ask('get', '/v0.2/results/video/{job_id}', `/v0.2/results/video/${jobId}`);
    expect(await result()).toMatchObject({ status: 'queued', progress: 0 });
    await ask('get', '/v1/jobs/{jobId}', `/v1/jobs/${jobId}`);
    expect((await ask('delete', '/v1/jobs/{jobId}', `/v1/jobs/${jobId}`)).code).toBe('conflict');
    await fixture.finish(await fixture.claimWork(), finishedVideo);
    expect(await result()).toMatchObject({ status: 'finished' });
    expect((await ask('post', '/v1/jobs/{jobId}/cancel', `/v1/jobs/${jobId}/cancel`)).code).toBe('conflict');
    await ask('get', '/v1/jobs', '/v1/jobs?limit=1&status=finished');
    await ask('delete', '/v1/jobs/{jobId}', `/v1/jobs/${jobId}`);
    expect(await result()).toMatchObject({ error: { code: 'not_found' } });
  });

  it('tells the truth about pictures: its own example is a request that works', async () => {
    const example = api.exampleOf('POST', '/v0.2/request/images');
    const jobId = (await ask('post', '/v0.2/request/images', undefined, json(example))).job_id as string;
    await fixture.finish(await fixture.claimWork(), {
      state: 'finished',
      media_type: 'image',
      items: [{ index: 0, state: 'finished', result: imageResult }],
    });
    expect(await ask('get', '/v0.2/results/images/{job_id}', `/v0.2/results/images/${jobId}`)).toMatchObject({
      status: 'finished',
      items: [{ external_id: 'door-1' }],
    });
  });

  it('tells the truth about keys', async () => {
    const example = api.exampleOf('POST', '/v1/keys');
    const { id } = await ask('post', '/v1/keys', undefined, json(example));
    await ask('get', '/v1/keys');
    await ask('get', '/v1/keys/{keyId}', `/v1/keys/${String(id)}`);
    await ask('patch', '/v1/keys/{keyId}', `/v1/keys/${String(id)}`, json({ name: 'other' }));
    await ask('post', '/v1/keys/{keyId}/rotate', `/v1/keys/${String(id)}/rotate`, json({ overlap_seconds: 60 }));
    await ask('delete', '/v1/keys/{keyId}', `/v1/keys/${String(id)}`);
    expect((await ask('post', '/v1/keys', undefined, json({ name: '' }))).code).toBe('unprocessable');
  });

  it('tells the truth about what is only read', async () => {
    for (const [path, route] of [
      ['/v0.2/status/latency', '/v0.2/status/latency?media_type=video'],
      ['/v0.2/status/latency', '/v0.2/status/latency?media_type=sound'],
      ['/v0.2/status/capacity'],
      ['/v1/status'],
      ['/v1/limits'],
      ['/v1/usage'],
      ['/v1/allowlist'],
      ['/v1/webhook-deliveries'],
      ['/v1/webhook-deliveries/{deliveryId}', '/v1/webhook-deliveries/msg_unknown'],
      ['/livez'],
      ['/readyz'],
      ['/docs'],
      ['/docs/openapi.json'],
    ])
      await ask('get', path!, route ?? path!);
  });

  it('says how errors look: the contract’s own below its prefix, problems elsewhere', async () => {
    const unknown = '018f0000-0000-7000-8000-000000000000';
    expect(await ask('get', '/v0.2/results/video/{job_id}', `/v0.2/results/video/video_${unknown}`)).toEqual({
      error: { code: 'not_found', message: 'no such job' },
    });
    expect(await ask('get', '/v1/jobs/{jobId}', `/v1/jobs/video_${unknown}`)).toMatchObject({ status: 404, code: 'not_found' });
    expect(await ask('get', '/v1/jobs', '/v1/jobs?limit=0')).toMatchObject({ status: 400, errors: [{ path: 'limit' }] });
    const stranger = await fetch(`${fixture.gateway.url}/v1/jobs`);
    expect([stranger.status, stranger.headers.get('content-type')]).toEqual([401, expect.stringContaining('application/problem+json')]);
  });

  it('is open to everybody, shows no secret, and has a page that loads nothing from elsewhere', async () => {
    expect(JSON.stringify(api.document)).not.toContain(apiKey);
    for (const route of ['/docs', '/docs/']) {
      const response = await fetch(fixture.gateway.url + route);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      const files = [...(await response.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(
        ([, file]) => new URL(file!, fixture.gateway.url + route),
      );
      expect(files.length).toBeGreaterThanOrEqual(4);
      for (const file of files) {
        const answer = await fetch(file);
        expect([file.href, file.origin, answer.status]).toEqual([file.href, fixture.gateway.url, 200]);
        // A body that nobody reads keeps its connection, and so the process, for good.
        expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(0);
      }
    }
  });
});
