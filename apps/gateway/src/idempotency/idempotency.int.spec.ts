import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { openJobsDatabase } from '@nightjar/database';
import { AppError, createLogger, systemClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { CuttableRoad } from '../cuttable-road.fixture.js';
import { UrlJobStore } from '../fetches/url-jobs.store.js';
import { GatewayFixture, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';
import { createJobId } from '../jobs/job-id.js';
import { JobStore } from '../jobs/job.store.js';
import { Idempotency, type WholeRequest } from './idempotency.js';
import type { KeyToTake } from './idempotency.store.js';
import { RequestFingerprint } from './request-fingerprint.js';

const picture = { data_base64: Buffer.from('not looked at by the gateway').toString('base64') };

describe('requests with an Idempotency-Key', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;

  beforeAll(async () => {
    services = await startGatewayServices();
    fixture = await GatewayFixture.start(services);
  });
  afterEach(async () => {
    await fixture.database.idempotencyRecord.deleteMany();
    await fixture.database.job.deleteMany();
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  const video = (key: string, body: RequestInit['body'], headers: Record<string, string> = {}) =>
    fixture.request('/v0.2/request/video', {
      method: 'POST',
      body: body ?? null,
      duplex: 'half',
      headers: { 'Content-Type': 'video/mp4', 'Idempotency-Key': key, ...headers },
    });
  const images = (key: string, body: object) =>
    fixture.request('/v0.2/request/images', {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    });
  const form = (bytes: Uint8Array<ArrayBuffer>, fields: Record<string, string> = {}) => {
    const body = new FormData();
    body.set('video', new Blob([bytes]), 'clip.mp4');
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return fixture.request('/v0.2/request/video', { method: 'POST', body, headers: { 'Idempotency-Key': 'form' } });
  };
  const answerOf = async (response: Response) => ({
    status: response.status,
    jobId: ((await response.json()) as { job_id?: string }).job_id,
    location: response.headers.get('Location'),
    replayed: response.headers.get('Idempotency-Replayed'),
  });
  const errorCode = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;

  it('make one video job, and a repetition leaves no second upload', async () => {
    const bytes = randomBytes(300_000);
    const first = await answerOf(await video('a', bytes));
    expect(first).toMatchObject({ status: 202, replayed: null });
    const files = await fixture.mediaFiles();
    const again = await answerOf(await video('a', bytes));
    expect(again).toEqual({ ...first, replayed: 'true' });
    expect(await fixture.mediaFiles()).toEqual(files);
    expect(await fixture.database.job.count()).toBe(1);
  });

  it('make one batch of images', async () => {
    const body = { images: [{ external_id: 'one', ...picture }, picture] };
    const first = await answerOf(await images('a', body));
    expect(await answerOf(await images('a', body))).toEqual({ ...first, replayed: 'true' });
    expect(await fixture.database.job.count()).toBe(1);
  });

  it('make one job of a form, whose boundary differs each time', async () => {
    const bytes = randomBytes(1_000);
    const first = await answerOf(await form(bytes));
    expect(await answerOf(await form(bytes))).toEqual({ ...first, replayed: 'true' });
    expect((await form(bytes, { 'webhook.url': 'https://other.example/' })).status).toBe(422);
  });

  it('are refused when they differ from the first in body, bound, webhook or route', async () => {
    await video('a', 'first');
    for (const response of [
      await video('a', 'other'),
      await video('a', 'first', { 'Max-Processing-Time': '7' }),
      await video('a', 'first', { 'X-Webhook-Url': 'https://other.example/' }),
      await images('a', { images: [picture] }),
    ]) {
      expect(response.status).toBe(422);
      expect(await errorCode(response)).toBe('idempotency_mismatch');
    }
    expect(await fixture.database.job.count()).toBe(1);
  });

  it('are told to come again while the first one runs, which goes on', async () => {
    const half = new Readable({ read: () => undefined });
    half.push('first half, ');
    const first = video('slow', Readable.toWeb(half) as ReadableStream);
    await until(async () => (await fixture.database.idempotencyRecord.count()) === 1);
    const second = await video('slow', 'first half, second half');
    expect(second.status).toBe(409);
    expect(Number(second.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(await errorCode(second)).toBe('conflict');
    half.push('second half');
    half.push(null);
    const { status, jobId } = await answerOf(await first);
    expect(status).toBe(202);
    expect(await answerOf(await video('slow', 'first half, second half'))).toMatchObject({ jobId, replayed: 'true' });
  });

  it('make exactly one job when 20 come at once, and all of them hear of it in the end', async () => {
    const send = async (): Promise<string | undefined> => {
      for (;;) {
        const { status, jobId } = await answerOf(await video('rush', 'the same'));
        if (status === 202) return jobId;
        expect(status).toBe(409);
      }
    };
    const jobIds = await Promise.all(Array.from({ length: 20 }, send));
    expect(new Set(jobIds).size).toBe(1);
    expect(await fixture.database.job.count()).toBe(1);
  });

  it('free their key when the first one fails', async () => {
    expect((await images('a', { images: [] })).status).toBe(422);
    expect((await video('a', '')).status).toBe(400);
    expect((await video('a', 'x', { 'X-Webhook-Url': 'not a url' })).status).toBe(422);
    expect((await video('a', 'good')).status).toBe(202);
  });

  it('make a new job when the key was kept for its day', async () => {
    const first = await answerOf(await video('a', 'x'));
    await fixture.database.idempotencyRecord.updateMany({ data: { expiresAt: new Date(0) } });
    const second = await answerOf(await video('a', 'y'));
    expect(second).toMatchObject({ status: 202, replayed: null });
    expect(second.jobId).not.toBe(first.jobId);
  });

  it('never meet those of another owner', async () => {
    const { id } = await fixture.database.apiKey.create({
      data: { name: 'other', prefix: 'other', sha256: Uint8Array.from(randomBytes(32)), scopes: [] },
    });
    const idempotency = new Idempotency({ database: fixture.database, logger: createLogger({ service: 'test', level: 'silent' }) });
    await video('a', 'first');
    const made = await idempotency.run({
      owner: { tenantId: 1, apiKeyId: id, userId: undefined, faceEmbeddings: false },
      key: 'a',
      fingerprint: new RequestFingerprint('another'),
      first: async () => createJobId('video', Date.now()),
      repeated: () => Promise.reject(new Error('not a repetition')),
    });
    expect(made.replayed).toBe(false);
  });

  it('refuse a key that is none', async () => {
    expect((await video('x'.repeat(256), 'x')).status).toBe(400);
    expect(await fixture.database.job.count()).toBe(0);
  });

  const owner = { tenantId: 1, apiKeyId: undefined, userId: 7, faceEmbeddings: false };
  const logger = createLogger({ service: 'test', level: 'silent' });
  const newJob = () => ({
    id: createJobId('video', Date.now()),
    owner,
    maxProcessingSeconds: 0,
    webhook: null,
    file: 'a/video',
    sizeBytes: 1,
  });

  describe('that are whole when they come', () => {
    const jobIds = async () => (await fixture.database.job.findMany({ select: { id: true } })).map(({ id }) => id);
    /** Each as from a gateway of its own: none waits for another one's group. */
    const insert = async (key: KeyToTake | undefined) => {
      const job = newJob();
      const bounds = { jobsOpenMax: 0, jobsPerDayMax: 0, uploadBytesPerDayMax: 0 };
      const store = new UrlJobStore({ database: fixture.database, bounds, clock: systemClock, onMade: () => undefined });
      await store.insert({ ...job, sealedUrl: randomBytes(8), key }, undefined);
      return job.id;
    };
    const whole = (key: string, overrides: Partial<WholeRequest> = {}): WholeRequest => ({
      owner,
      key,
      fingerprint: () => new RequestFingerprint('video'),
      first: insert,
      ...overrides,
    });
    const idempotency = () => new Idempotency({ database: fixture.database, logger });

    it('make exactly one job when 20 come at once, and each hears of it at its first try', async () => {
      const made = await Promise.all(Array.from({ length: 20 }, () => idempotency().runWhole(whole('rush'))));
      expect([...new Set(made.map(({ jobId }) => jobId))]).toEqual(await jobIds());
      expect(made.filter(({ replayed }) => !replayed)).toHaveLength(1);
    });

    it('are repeated also where the first one would be refused by now, but not as another request', async () => {
      const first = await idempotency().runWhole(whole('a'));
      const refused = () => Promise.reject(new AppError('rate_limited', 'no room any more'));
      expect(await idempotency().runWhole(whole('a', { first: refused }))).toEqual({ ...first, replayed: true });
      const fingerprint = () => new RequestFingerprint('another');
      await expect(idempotency().runWhole(whole('a', { fingerprint }))).rejects.toMatchObject({ code: 'idempotency_mismatch' });
      await expect(idempotency().runWhole(whole('b', { first: refused }))).rejects.toMatchObject({ code: 'rate_limited' });
      expect(await fixture.database.idempotencyRecord.count()).toBe(1);
    });

    it('are told to come again while another request holds their key', async () => {
      const request = { owner, key: 'a', fingerprint: new RequestFingerprint('video'), repeated: async () => undefined };
      const first = async () => {
        await expect(idempotency().runWhole(whole('a'))).rejects.toMatchObject({ code: 'conflict' });
        throw new Error('the end of this one');
      };
      await idempotency()
        .run({ ...request, first })
        .catch(() => undefined);
      expect((await idempotency().runWhole(whole('a'))).replayed).toBe(false);
    });

    it('make a new job when their key was kept for its day', async () => {
      const first = await idempotency().runWhole(whole('a'));
      await fixture.database.idempotencyRecord.updateMany({ data: { expiresAt: new Date(0) } });
      const second = await idempotency().runWhole(whole('a', { fingerprint: () => new RequestFingerprint('another') }));
      expect([second.replayed, second.jobId === first.jobId]).toEqual([false, false]);
    });
  });

  it('are free again soon after Postgres is back when it went away under the first one', async () => {
    const road = new CuttableRoad(new URL(services.databaseUrl));
    const database = openJobsDatabase({ url: await road.open() });
    const idempotency = new Idempotency({ database, logger });
    const request = { owner, key: 'a', fingerprint: new RequestFingerprint('video'), repeated: async () => undefined };
    const first = async () => {
      await road.cut();
      throw new AppError('unavailable', 'the database does not answer');
    };
    await expect(idempotency.run({ ...request, first })).rejects.toMatchObject({ code: 'unavailable' });
    expect(await fixture.database.idempotencyRecord.count()).toBe(1);
    await road.open();
    // The lock itself lasts for 20 s.
    await until(async () => (await fixture.database.idempotencyRecord.count()) === 0);
    await database.$disconnect();
    await road.cut();
  });

  describe('of a gateway that was killed', () => {
    const request = () => ({
      owner,
      key: randomUUID(),
      fingerprint: new RequestFingerprint('video'),
      repeated: () => Promise.reject(new Error('not a repetition')),
    });

    it('are taken over, and what the first one commits after that is refused', async () => {
      const idempotency = new Idempotency({ database: fixture.database, logger });
      const jobs = new JobStore(fixture.database, 60_000);
      const [asked, late, early] = [request(), newJob(), newJob()];
      let wake: () => void = () => undefined;
      const paused = new Promise<void>((resolve) => (wake = resolve));
      const first = idempotency.run({
        ...asked,
        first: async (grant) => {
          // As after a pause of the whole process: the lock, which lasts for 20 s, was not renewed.
          await fixture.database.idempotencyRecord.updateMany({ data: { lockedUntil: new Date(0) } });
          await paused;
          await jobs.insertVideoJob(late, grant(late.id));
          return late.id;
        },
      });
      first.catch(() => undefined);
      await until(async () => (await fixture.database.idempotencyRecord.count({ where: { lockedUntil: new Date(0) } })) === 1);
      const second = await idempotency.run({
        ...asked,
        first: async (grant) => {
          await jobs.insertVideoJob(early, grant(early.id));
          return early.id;
        },
      });
      wake();
      expect(second).toEqual({ jobId: early.id, replayed: false });
      await expect(first).rejects.toMatchObject({ code: 'conflict' });
      expect(await fixture.database.job.findMany({ select: { id: true } })).toEqual([{ id: early.id }]);
    });

    it('stay with a request that lives, however long it takes', async () => {
      // Renewed after a third of it; the last look comes just behind a renewal.
      const times = { lockMs: 6_000, keptMs: 60_000 };
      const idempotency = new Idempotency({ database: fixture.database, logger, times });
      const asked = request();
      let end: () => void = () => undefined;
      const first = idempotency.run({
        ...asked,
        first: async () => {
          await new Promise<void>((resolve) => (end = resolve));
          return createJobId('video', Date.now());
        },
      });
      const lockedUntil = async () => (await fixture.database.idempotencyRecord.findFirst())?.lockedUntil.getTime() ?? 0;
      await until(async () => (await lockedUntil()) > 0);
      const firstLockedUntil = await lockedUntil();
      await until(async () => (await lockedUntil()) > firstLockedUntil);
      await expect(idempotency.run({ ...asked, first: () => Promise.reject(new Error('no')) })).rejects.toMatchObject({ code: 'conflict' });
      end();
      await first;
    });
  });
});
