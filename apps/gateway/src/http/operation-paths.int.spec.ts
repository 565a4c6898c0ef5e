import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayFixture, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';
import { readOperationPaths } from './read-operation-paths.js';

describe('a gateway whose operations stand elsewhere', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;

  beforeAll(async () => {
    services = await startGatewayServices();
    const operationPaths = readOperationPaths('/jobs/api', ['submitVideo=/videos', 'videoResult=/videos/{job_id}/result']);
    fixture = await GatewayFixture.start({ ...services, config: { operationPaths } });
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  const answer = async (response: Response) => [response.status, response.headers.get('content-type')];
  const json = 'application/json; charset=utf-8';
  const problem = 'application/problem+json; charset=utf-8';

  it('takes jobs there, with Location there', async () => {
    const init = { method: 'POST', body: '\0\0\0\x18ftypmp42\0\0\0\0mp42isom', headers: { 'Content-Type': 'video/mp4' } };
    const submitted = await fixture.request('/jobs/api/videos', init);
    const { job_id: jobId } = (await submitted.json()) as { job_id: string };
    expect([submitted.status, submitted.headers.get('Location')]).toEqual([202, `/jobs/api/videos/${jobId}/result`]);
    const result = await fixture.request(`/jobs/api/videos/${jobId}/result?a=b`);
    expect([result.status, await result.json()]).toEqual([200, expect.objectContaining({ job_id: jobId, status: 'queued' })]);
    expect((await fixture.request(`/jobs/api/results/images/image_batch_1`)).status).toBe(404);
  });

  it('holds them to the same rules', async () => {
    const wrongType = { method: 'POST', body: '{}', headers: { 'Content-Type': 'text/plain' } };
    expect(await answer(await fixture.request('/jobs/api/videos', wrongType))).toEqual([415, json]);
    expect((await fetch(`${fixture.gateway.url}/jobs/api/videos`, { method: 'POST', body: 'x' })).status).toBe(401);
  });

  it('answers 404 where they would stand otherwise', async () => {
    for (const route of ['/v0.2/request/video', '/v0.2/request/vide%6F', '/v0.2/request/images', '/v0%2e2/request/images'])
      expect([route, ...(await answer(await fixture.request(route, { method: 'POST', body: 'x' })))]).toEqual([route, 404, problem]);
    expect(await answer(await fixture.request('/jobs/api/request/video', { method: 'POST', body: 'x' }))).toEqual([404, json]);
  });

  it('names the path of the client where there is nothing, and keeps the form of errors below the prefix', async () => {
    const inside = await fixture.request('/jobs/api/nothing?key=secret');
    expect([inside.status, await inside.json()]).toEqual([404, { error: { code: 'not_found', message: 'Cannot GET /jobs/api/nothing' } }]);
    const outside = await fixture.request('/nothing?key=secret');
    expect(await outside.json()).toMatchObject({ status: 404, code: 'not_found', instance: '/nothing', detail: 'Cannot GET /nothing' });
  });

  it('leaves its other routes where they are', async () => {
    expect((await fixture.request('/v1/keys')).status).toBe(200);
    expect((await fixture.request('/livez')).status).toBe(200);
  });
});
