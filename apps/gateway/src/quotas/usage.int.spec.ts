import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { finishedVideo, GatewayFixture, imageResult, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';

let services: GatewayServices;
let fixture: GatewayFixture;

beforeAll(async () => {
  services = await startGatewayServices();
  const quotas = { jobsOpenMax: 10, jobsPerDayMax: 0, uploadBytesPerDayMax: 1_000_000 };
  fixture = await GatewayFixture.start({ ...services, config: { quotas } });
});
afterAll(async () => {
  await fixture?.stopAndRemoveMedia();
  await services?.stop();
});

async function get(route: string) {
  const response = await fixture.request(route);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('usage and limits', () => {
  it('tell per day and media type what was submitted and what was analysed', async () => {
    const today = new Date().toISOString().slice(0, 10);
    const video = randomBytes(5_000);
    await fixture.submitVideo(video);
    await fixture.finish(await fixture.claimWork(), finishedVideo);
    await fixture.submitVideo(video);
    const batch = await fixture.submitImages([1, 2, 3].map(() => ({ data_base64: randomBytes(1_000).toString('base64') })));
    const work = [await fixture.claimWork(), await fixture.claimWork()].find(({ job_id: id }) => id === batch);
    await fixture.finish(work!, {
      state: 'finished',
      media_type: 'image',
      items: [
        { index: 0, state: 'finished', result: imageResult },
        { index: 1, state: 'finished', result: imageResult },
        { index: 2, state: 'failed', error: { code: 'not_an_image', message: 'no' } },
      ],
    });
    await fixture.database.usageDay.create({
      data: { tenantId: 1, day: new Date('2020-01-01'), mediaType: 'video', jobs: 9, bytes: 9n, mediaUnits: 9 },
    });
    await fixture.database.usageDay.create({ data: { tenantId: 2, day: new Date(today), mediaType: 'video', jobs: 7, bytes: 7n } });
    const ofVideos = { media_type: 'video', unit: 'second', jobs: 2, images: 0, bytes: 10_000, analysed_units: 2 };
    const ofImages = { media_type: 'image', unit: 'image', jobs: 1, images: 3, bytes: 3_000, analysed_units: 2 };
    const { body } = await get('/v1/usage');
    expect(body).toMatchObject({ to: today, totals: [ofVideos, ofImages] });
    expect(body.days).toEqual([
      { day: today, ...ofVideos },
      { day: today, ...ofImages },
    ]);
    expect((await get('/v1/usage?from=2020-01-01&to=2020-01-02')).body).toMatchObject({
      days: [{ day: '2020-01-01', jobs: 9 }],
      totals: [{ media_type: 'video', jobs: 9 }, { jobs: 0 }],
    });
  });

  it('tell every bound and how much of each quota is used', async () => {
    await fixture.database.tenant.update({ where: { id: 1 }, data: { jobsPerDayMax: 100 } });
    expect((await get('/v1/limits')).body).toEqual({
      video: { bytes_max: 1024 ** 3 },
      image_batch: { bytes_max: 128 * 1024 ** 2, images_max: 64, image_bytes_max: 20 * 1024 ** 2 },
      allowlist: { persons_max: 1_000, image_bytes_max: 512 * 1024 },
      requests_per_minute: expect.any(Number),
      max_processing_seconds: null,
      retention_days: expect.any(Number),
      quotas: [
        { name: 'jobs-open', limit: 10, used: 1, resets_in_seconds: null },
        { name: 'jobs-per-day', limit: 100, used: 3, resets_in_seconds: expect.any(Number) },
        { name: 'upload-bytes-per-day', limit: 1_000_000, used: 13_000, resets_in_seconds: expect.any(Number) },
      ],
    });
  });

  it.each([
    'from=yesterday',
    'from=2026-01-02&to=2026-01-01',
    'from=2020-01-01&to=2022-01-01',
    'per=month',
    'from=2026-01-01&from=2026-01-02',
  ])('refuse a period like %s as a problem', async (query) => {
    const { status, body } = await get(`/v1/usage?${query}`);
    expect([status, body.code]).toEqual([400, 'invalid_argument']);
  });
});
