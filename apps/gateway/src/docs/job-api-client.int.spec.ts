import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JobApiError, openJobApi, waitForImages, waitForVideo, type JobApi } from '@nightjar/job-api-client';
import {
  apiKey,
  callMs,
  finishedVideo,
  GatewayFixture,
  imageResult,
  startGatewayServices,
  videoResult,
  type GatewayServices,
} from '../gateway.fixture.js';

const unknownJob = 'video_018f0000-0000-7000-8000-000000000000';

describe('the generated client of the job API', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;
  let api: JobApi;

  beforeAll(async () => {
    services = await startGatewayServices();
    fixture = await GatewayFixture.start({ ...services });
    api = openJobApi({ url: fixture.gateway.url, credential: apiKey });
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  it('submits pictures and waits for their results', async () => {
    const { data, response } = await api.POST('/v0.2/request/images', { body: { images: [{ external_id: 'a', data_base64: 'AAAA' }] } });
    expect(response.status).toBe(202);
    const waiting = waitForImages(api, data!.job_id, AbortSignal.timeout(callMs));
    await fixture.finish(await fixture.claimWork(), {
      state: 'finished',
      media_type: 'image',
      items: [{ index: 0, state: 'finished', result: imageResult }],
    });
    const job = await waiting;
    expect([job.status, job.items[0]?.external_id, job.items[0]?.result?.picture]).toEqual(['finished', 'a', { w: 4, h: 3 }]);
  });

  it('submits a video and waits for its result', async () => {
    const { data } = await api.POST('/v0.2/request/video', {
      headers: { 'Content-Type': 'application/octet-stream' },
      body: Buffer.from('any bytes') as never,
      bodySerializer: (body) => body as never,
    });
    const waiting = waitForVideo(api, data!.job_id, AbortSignal.timeout(callMs));
    await fixture.finish(await fixture.claimWork(), finishedVideo);
    expect((await waiting).result).toEqual(videoResult);
    const { data: list } = await api.GET('/v1/jobs', { params: { query: { media_type: 'video', limit: 1 } } });
    expect(list!.jobs[0]).toMatchObject({ job_id: data!.job_id, status: 'finished' });
  });

  it('tells what was refused, with its body', async () => {
    const { error, response } = await api.GET('/v1/jobs/{jobId}', { params: { path: { jobId: unknownJob } } });
    expect([response.status, error?.code]).toEqual([404, 'not_found']);
    await expect(waitForVideo(api, unknownJob, AbortSignal.timeout(callMs))).rejects.toMatchObject({
      name: 'JobApiError',
      status: 404,
      body: { error: { code: 'not_found' } },
    });
    await expect(
      waitForVideo(openJobApi({ url: fixture.gateway.url, credential: 'wrong' }), unknownJob, AbortSignal.timeout(callMs)),
    ).rejects.toThrow(JobApiError);
  });

  it('asks again while the server is busy or away, and stops when it is told to', async () => {
    const answers = [503, 429, 200];
    const server = createServer((_request, response) => {
      const status = answers.shift() ?? 200;
      response.writeHead(status, { 'Content-Type': 'application/json', 'Retry-After': '0' });
      response.end(
        status === 200
          ? JSON.stringify({ job_id: unknownJob, status: answers.length === 0 ? 'finished' : 'queued', result: null })
          : '{"error":{"code":"x","message":"x"}}',
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const other = openJobApi({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, credential: 'any' });
    expect((await waitForVideo(other, unknownJob, AbortSignal.timeout(callMs))).status).toBe('finished');
    await new Promise((resolve) => server.close(resolve));
    const stop = new AbortController();
    const waiting = waitForVideo(other, unknownJob, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});
