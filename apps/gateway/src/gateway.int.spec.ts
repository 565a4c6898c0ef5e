import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { hashApiKey } from '@nightjar/auth';
import {
  apiKey,
  finishedVideo,
  GatewayFixture,
  imageResult,
  startGatewayServices,
  videoResult,
  type GatewayServices,
  type RequestBody,
} from './gateway.fixture.js';

const clip = Buffer.from('bytes of a video; the gateway does not look at them');
const picture = Buffer.from('bytes of a picture');
const pictureBase64 = picture.toString('base64');

describe('the job API', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;

  beforeAll(async () => {
    services = await startGatewayServices();
    fixture = await GatewayFixture.start({ ...services });
  });
  afterEach(async () => {
    await fixture.database.job.deleteMany();
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  const post = (route: string, body: RequestBody, headers: Record<string, string> = {}) =>
    fixture.request(route, { method: 'POST', body, headers });
  const postImages = (body: unknown) => post('/v0.2/request/images', JSON.stringify(body), { 'Content-Type': 'application/json' });
  const statusAndCode = async (response: Response) => [
    response.status,
    ((await response.json()) as { error?: { code: string } }).error?.code,
  ];

  it('takes a video from 202 with Location over queued and processing to finished', async () => {
    const submitted = await post('/v0.2/request/video', clip, { 'Content-Type': 'video/mp4', 'Max-Processing-Time': '60' });
    const { job_id: jobId } = (await submitted.json()) as { job_id: string };
    expect(submitted.status).toBe(202);
    expect(jobId).toMatch(/^video_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const location = submitted.headers.get('Location') ?? '';
    expect(location).toBe(`/v0.2/results/video/${jobId}`);

    const queued = await fixture.request(location);
    expect(queued.headers.get('Retry-After')).toBe('2');
    expect([queued.status, await queued.json()]).toEqual([
      200,
      { job_id: jobId, status: 'queued', result: null, progress: 0, stage: null },
    ]);

    const work = await fixture.claimWork();
    expect(work).toMatchObject({ media_type: 'video', job_id: jobId, attempt: 1, lease_ms: 30_000, file: `${jobId}/video` });
    expect(await readFile(path.join(fixture.mediaDir, `${jobId}/video`))).toEqual(clip);
    expect(await fixture.beat(work, 0.5, 'persons')).toBe('continue');
    expect(await fixture.poll(jobId)).toEqual({ job_id: jobId, status: 'processing', result: null, progress: 0.5, stage: 'persons' });

    expect(await fixture.finish(work, finishedVideo)).toBe(true);
    const finished = await fixture.request(location);
    expect(finished.headers.get('Retry-After')).toBeNull();
    expect(await finished.json()).toEqual({ job_id: jobId, status: 'finished', result: videoResult, expires_at: expect.any(String) });
  });

  it('takes a batch of images in which broken ones fail alone', async () => {
    const jobId = await fixture.submitImages([
      { external_id: 'door', data_base64: pictureBase64 },
      { external_id: 'prefix', data_base64: `data:image/jpeg;base64,${pictureBase64}` },
      { external_id: null, data_base64: 'not base64!' },
      { data_base64: '' },
    ]);
    expect(jobId).toMatch(/^image_batch_/);
    expect(await fixture.poll(jobId)).toMatchObject({
      status: 'queued',
      items: [{ status: 'queued' }, { status: 'failed' }, { status: 'failed' }, { status: 'failed' }],
    });
    const work = await fixture.claimWork();
    expect(work).toMatchObject({ media_type: 'image', items: [{ index: 0, file: `${jobId}/0` }] });
    expect(await readFile(path.join(fixture.mediaDir, `${jobId}/0`))).toEqual(picture);
    await fixture.finish(work, { state: 'finished', media_type: 'image', items: [{ index: 0, state: 'finished', result: imageResult }] });
    const failed = (index: number, externalId: string | null, code: string) => ({
      index,
      external_id: externalId,
      status: 'failed',
      result: null,
      error: expect.objectContaining({ code }),
    });
    expect(await fixture.poll(jobId)).toEqual({
      job_id: jobId,
      status: 'finished',
      items: [
        { index: 0, external_id: 'door', status: 'finished', result: imageResult, error: null },
        failed(1, 'prefix', 'data_uri'),
        failed(2, null, 'invalid_base64'),
        failed(3, null, 'image_empty'),
      ],
      expires_at: expect.any(String),
    });
  });

  it('finishes a batch at once that has no usable image', async () => {
    const jobId = await fixture.submitImages([{ data_base64: '%' }]);
    expect(await fixture.poll(jobId)).toMatchObject({ status: 'finished', items: [{ status: 'failed' }] });
    expect(await fixture.claim()).toBeNull();
  });

  it.each([
    ['no images', { images: [] }],
    ['65 images', { images: Array.from({ length: 65 }, () => ({ data_base64: pictureBase64 })) }],
    [
      'an external_id twice',
      {
        images: [
          { external_id: 'a', data_base64: pictureBase64 },
          { external_id: 'a', data_base64: pictureBase64 },
        ],
      },
    ],
    ['an external_id of 257 characters', { images: [{ external_id: 'a'.repeat(257), data_base64: pictureBase64 }] }],
    ['an external_id with NUL', { images: [{ external_id: 'a\0', data_base64: pictureBase64 }] }],
    ['an external_id with half a surrogate pair', { images: [{ external_id: 'a\ud800', data_base64: pictureBase64 }] }],
    ['an image without data', { images: [{ external_id: 'a' }] }],
    ['data that is no text', { images: [{ data_base64: 7 }] }],
    ['a list instead of an object', [{ data_base64: pictureBase64 }]],
  ])('answers 422 to %s', async (_name, body) => {
    expect(await statusAndCode(await postImages(body))).toEqual([422, 'unprocessable']);
    expect(await fixture.database.job.count()).toBe(0);
  });

  it('answers 400 to a batch that is no JSON', async () => {
    const response = await post('/v0.2/request/images', '{"images": [', { 'Content-Type': 'application/json' });
    expect(await statusAndCode(response)).toEqual([400, 'invalid_argument']);
  });

  it.each(['1.5', '-1', 'soon', '', '1e3', '0x10'])('answers 400 to Max-Processing-Time %j', async (header) => {
    const response = await post('/v0.2/request/video', clip, { 'Content-Type': 'video/mp4', 'Max-Processing-Time': header });
    expect(await statusAndCode(response)).toEqual([400, 'invalid_argument']);
  });

  it.each([
    ['/v0.2/request/video', 'text/plain'],
    ['/v0.2/request/images', 'video/mp4'],
    ['/v0.2/request/images', 'application/octet-stream'],
  ])('%s answers 415 to %s', async (route, contentType) => {
    expect(await statusAndCode(await post(route, '{}', { 'Content-Type': contentType }))).toEqual([415, 'unsupported_media_type']);
  });

  it('answers 415 to a compressed body', async () => {
    const response = await post('/v0.2/request/video', clip, { 'Content-Type': 'video/mp4', 'Content-Encoding': 'gzip' });
    expect(await statusAndCode(response)).toEqual([415, 'unsupported_media_type']);
  });

  it('takes a body without Content-Type for a video', async () => {
    const response = await fetch(`${fixture.gateway.url}/v0.2/request/video`, {
      method: 'POST',
      body: new Uint8Array(clip),
      headers: { 'X-API-Key': apiKey },
    });
    expect(response.status).toBe(202);
  });

  it('finds no result for an unknown id, one of the other media type, or another tenant', async () => {
    const video = await fixture.submitVideo();
    const batch = await fixture.submitImages([{ data_base64: pictureBase64 }]);
    await fixture.database.apiKey.create({
      data: { tenantId: 2, name: 'neighbour', prefix: 'neigh', sha256: hashOf('key-of-the-neighbour'), scopes: ['jobs:read'] },
    });
    const routes = [
      `video/${batch}`,
      `images/${video}`,
      `video/${video.replace(/.$/, 'z')}`,
      'video/video_12345',
      'video/__proto__',
      'images/constructor',
    ];
    for (const route of routes) expect(await statusAndCode(await fixture.request(`/v0.2/results/${route}`))).toEqual([404, 'not_found']);
    const asNeighbour = { headers: { 'X-API-Key': 'key-of-the-neighbour' } };
    expect((await fixture.request(`/v0.2/results/video/${video}`, asNeighbour)).status).toBe(404);
    expect((await fixture.request(`/v0.2/results/images/${batch}`, asNeighbour)).status).toBe(404);
  });

  it('loses nothing when it is stopped between submit and claim', async () => {
    const mediaDir = fixture.mediaDir;
    const jobId = await fixture.submitVideo(clip);
    await fixture.stop();
    fixture = await GatewayFixture.start({ ...services, mediaDir });
    const work = await fixture.claimWork();
    expect(work.job_id).toBe(jobId);
    const stored = await readFile(path.join(mediaDir, `${jobId}/video`));
    expect(createHash('sha256').update(stored).digest('hex')).toBe(createHash('sha256').update(clip).digest('hex'));
  });
});

function hashOf(key: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hashApiKey(key));
}
