import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { hashApiKey } from '@nightjar/auth';
import { jobCancelled } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { finishedVideo, GatewayFixture, startGatewayServices, videoResult, type GatewayServices } from '../gateway.fixture.js';

interface JobView {
  job_id: string;
  status: string;
  [field: string]: unknown;
}
interface Page {
  jobs: JobView[];
  next_cursor: string | null;
}

const picture = { data_base64: Buffer.from('not looked at by the gateway').toString('base64') };

describe('jobs beyond the contract', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;

  beforeAll(async () => {
    services = await startGatewayServices();
    fixture = await GatewayFixture.start(services);
  });
  afterEach(async () => {
    await fixture.database.job.deleteMany();
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  const get = async <Body>(route: string) => (await (await fixture.request(route)).json()) as Body;
  const cancel = (jobId: string) => fixture.request(`/v1/jobs/${jobId}/cancel`, { method: 'POST' });
  const remove = (jobId: string) => fixture.request(`/v1/jobs/${jobId}`, { method: 'DELETE' });
  const ids = ({ jobs }: Page) => jobs.map(({ job_id }) => job_id);

  describe('the list', () => {
    it('shows what a job is, newest first, and nothing of its result', async () => {
      const video = await fixture.submitVideo('12345');
      const images = await fixture.submitImages([picture]);
      await fixture.finish(await fixture.claimWork(), finishedVideo);
      const page = await get<Page>('/v1/jobs');
      expect(ids(page)).toEqual([images, video]);
      expect(page.next_cursor).toBeNull();
      expect(page.jobs[1]).toEqual({
        job_id: video,
        media_type: 'video',
        status: 'finished',
        stage: null,
        progress: 1,
        created_at: expect.stringMatching(/Z$/),
        started_at: expect.stringMatching(/Z$/),
        finished_at: expect.stringMatching(/Z$/),
        expires_at: expect.stringMatching(/Z$/),
        attempt: 1,
        error: null,
        size_bytes: 5,
        result_url: `/v0.2/results/video/${video}`,
      });
      expect(page.jobs[0]).toMatchObject({
        status: 'queued',
        started_at: null,
        expires_at: null,
        result_url: `/v0.2/results/images/${images}`,
      });
    });

    it('is walked along its links, every job once, also while new ones come', async () => {
      const submitted = [];
      for (let number = 0; number < 7; number++) submitted.push(await fixture.submitVideo());
      const seen: string[] = [];
      let next: string | undefined = '/v1/jobs?limit=3&status=queued';
      while (next !== undefined) {
        const response: Response = await fixture.request(next);
        seen.push(...ids((await response.json()) as Page));
        next = /^<(.+)>; rel="next"$/.exec(response.headers.get('Link') ?? '')?.[1];
        await fixture.submitVideo();
      }
      expect(seen).toEqual(submitted.reverse());
    });

    it('does not lose jobs of one millisecond between its pages', async () => {
      const submitted = await Promise.all(Array.from({ length: 6 }, () => fixture.submitVideo()));
      await fixture.database.job.updateMany({ data: { createdAt: new Date('2026-01-01T00:00:00Z') } });
      const first = await get<Page>('/v1/jobs?limit=4');
      const second = await get<Page>(`/v1/jobs?limit=4&cursor=${first.next_cursor}`);
      expect([...ids(first), ...ids(second)]).toEqual(submitted.sort().reverse());
    });

    it('is narrowed by state, media type and time', async () => {
      const video = await fixture.submitVideo();
      const images = await fixture.submitImages([picture]);
      const cancelled = await fixture.submitVideo();
      await cancel(cancelled);
      await fixture.database.job.update({ where: { id: video }, data: { createdAt: new Date('2020-05-05T12:00:00Z') } });
      expect(ids(await get('/v1/jobs?status=cancelled'))).toEqual([cancelled]);
      expect(ids(await get('/v1/jobs?status=cancelled&status=queued'))).toEqual([cancelled, images, video]);
      expect(ids(await get('/v1/jobs?media_type=image'))).toEqual([images]);
      expect(ids(await get('/v1/jobs?created_before=2020-05-05T12:00:00.001Z'))).toEqual([video]);
      expect(ids(await get('/v1/jobs?created_after=2020-05-05T12:00:00Z'))).toEqual([cancelled, images]);
    });

    it('refuses a query that it does not understand, as a problem', async () => {
      const response = await fixture.request('/v1/jobs?status=done');
      expect(response.status).toBe(400);
      expect(response.headers.get('Content-Type')).toContain('application/problem+json');
    });
  });

  it('show their webhook without its query, and what became of it', async () => {
    const url = 'https://receiver.example/hook?token=secret';
    const jobId = await fixture.submitVideo('x', { 'X-Webhook-Url': url });
    const webhook = { url: 'https://receiver.example/hook' };
    expect(await get(`/v1/jobs/${jobId}`)).toMatchObject({ job_id: jobId, status: 'queued', webhook: { ...webhook, delivery: null } });
    await cancel(jobId);
    expect(await get(`/v1/jobs/${jobId}`)).toMatchObject({ webhook: { ...webhook, delivery: { id: expect.stringMatching(/^msg_/) } } });
    expect(await get(`/v1/jobs/${await fixture.submitVideo()}`)).toMatchObject({ webhook: null });
  });

  describe('cancelling', () => {
    it('ends a job that waits at once, and removes its upload', async () => {
      const jobId = await fixture.submitVideo();
      const response = await cancel(jobId);
      expect(response.status).toBe(202);
      expect(await response.json()).toMatchObject({ job_id: jobId, status: 'cancelled', error: { code: 'cancelled' } });
      expect(await fixture.claim()).toBeNull();
      expect((await fixture.mediaFiles()).filter((file) => file.startsWith(jobId))).toEqual([]);
      // The contract has no word for it.
      expect(await fixture.poll(jobId)).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
    });

    it('asks the agent of a job that runs to stop, whose next beat ends it', async () => {
      const heard: string[] = [];
      fixture.agentBus.on(jobCancelled, ({ job_id }) => void heard.push(job_id));
      const jobId = await fixture.submitVideo();
      const work = await fixture.claimWork();
      expect(await (await cancel(jobId)).json()).toMatchObject({ status: 'processing' });
      await until(() => heard.includes(jobId));
      expect(await fixture.beat(work)).toBe('cancel');
      expect(await get(`/v1/jobs/${jobId}`)).toMatchObject({ status: 'cancelled' });
    });

    it('ends a job whose agent gives it back instead', async () => {
      const jobId = await fixture.submitVideo();
      const work = await fixture.claimWork();
      await cancel(jobId);
      expect(await fixture.finish(work, { state: 'returned', reason: 'the agent stops' })).toBe(true);
      expect(await get(`/v1/jobs/${jobId}`)).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } });
    });

    it('says so when the job has ended', async () => {
      const jobId = await fixture.submitVideo();
      await fixture.finish(await fixture.claimWork(), finishedVideo);
      expect((await cancel(jobId)).status).toBe(409);
      expect(await fixture.poll(jobId)).toMatchObject({ status: 'finished', result: videoResult });
    });

    it('and finishing at the same moment leave one end', async () => {
      for (let round = 0; round < 10; round++) {
        const jobId = await fixture.submitVideo();
        const work = await fixture.claimWork();
        const [response, accepted] = await Promise.all([cancel(jobId), fixture.finish(work, finishedVideo)]);
        expect(accepted).toBe(true);
        expect([202, 409]).toContain(response.status);
        expect(await get(`/v1/jobs/${jobId}`)).toMatchObject({ status: 'finished' });
      }
    });
  });

  describe('removing', () => {
    it('takes the row, its items, its result, its files and its message', async () => {
      const jobId = await fixture.submitImages([picture, picture], { 'X-Webhook-Url': 'https://receiver.example/hook' });
      await cancel(jobId);
      expect(await fixture.database.webhookDelivery.count()).toBe(1);
      expect((await remove(jobId)).status).toBe(204);
      expect((await fixture.request(`/v0.2/results/images/${jobId}`)).status).toBe(404);
      expect((await fixture.request(`/v1/jobs/${jobId}`)).status).toBe(404);
      expect(await fixture.database.jobItem.count()).toBe(0);
      expect(await fixture.database.webhookDelivery.count()).toBe(0);
      expect((await fixture.mediaFiles()).filter((file) => file.startsWith(jobId))).toEqual([]);
      expect((await remove(jobId)).status).toBe(404);
    });

    it('frees its Idempotency-Key', async () => {
      const headers = { 'Idempotency-Key': 'once' };
      const first = await fixture.submitVideo('x', headers);
      await cancel(first);
      await remove(first);
      const second = await fixture.submitVideo('x', headers);
      expect(second).not.toBe(first);
      expect((await fixture.request(`/v1/jobs/${second}`)).status).toBe(200);
    });

    it('is refused while the job runs or waits', async () => {
      const jobId = await fixture.submitVideo();
      const response = await remove(jobId);
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ code: 'conflict', detail: expect.stringContaining('cancel it first') });
    });
  });

  describe('of another tenant', () => {
    const strangerKey = 'key-of-another-tenant';
    const asStranger = { 'X-API-Key': strangerKey };
    beforeAll(async () => {
      await fixture.database.apiKey.create({
        data: {
          tenantId: 2,
          name: 'stranger',
          prefix: 'stranger',
          sha256: Uint8Array.from(hashApiKey(strangerKey)),
          scopes: ['jobs:read', 'jobs:write'],
        },
      });
    });

    it('do not exist', async () => {
      const jobId = await fixture.submitVideo();
      expect(await (await fixture.request('/v1/jobs', { headers: asStranger })).json()).toMatchObject({ jobs: [] });
      for (const [method, route] of [
        ['GET', `/v1/jobs/${jobId}`],
        ['DELETE', `/v1/jobs/${jobId}`],
        ['POST', `/v1/jobs/${jobId}/cancel`],
      ] as const)
        expect((await fixture.request(route, { method, headers: asStranger })).status).toBe(404);
      expect(await get(`/v1/jobs/${jobId}`)).toMatchObject({ status: 'queued' });
    });
  });

  it.each(['nothing', '__proto__', `video_${randomBytes(4).toString('hex')}`])('are not found as %s', async (name) => {
    expect((await fixture.request(`/v1/jobs/${name}`)).status).toBe(404);
    expect((await cancel(name)).status).toBe(404);
    expect((await remove(name)).status).toBe(404);
  });

  it('that have nothing to do are born finished, with a message, an event and a day of removal', async () => {
    const jobId = await fixture.submitImages([{ data_base64: 'data:,x' }], { 'X-Webhook-Url': 'https://receiver.example/hook' });
    expect(await get(`/v1/jobs/${jobId}`)).toMatchObject({ status: 'finished', expires_at: expect.any(String) });
    expect(await fixture.database.webhookDelivery.count({ where: { jobId } })).toBe(1);
    expect(await fixture.database.jobEvent.findFirst({ where: { jobId }, orderBy: { seq: 'desc' } })).toMatchObject({ state: 'finished' });
  });
});
