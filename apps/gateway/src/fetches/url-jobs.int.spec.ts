import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { openJobsDatabase, type JobsDatabase } from '@nightjar/database';
import { systemClock, type AppError } from '@nightjar/runtime';
import { createTestDatabase, type TestDatabase } from '@nightjar/testing';
import { createJobId } from '../jobs/job-id.js';
import type { QuotaBounds } from '../quotas/quotas.js';
import { UrlJobStore, type NewUrlJob } from './url-jobs.store.js';

const unbounded: QuotaBounds = { jobsOpenMax: 0, jobsPerDayMax: 0, uploadBytesPerDayMax: 0 };

describe('jobs of URLs that are submitted together', () => {
  let testDatabase: TestDatabase;
  let database: JobsDatabase;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = openJobsDatabase({ url: testDatabase.url });
  });
  afterEach(async () => {
    await database.job.deleteMany();
    await database.jobEvent.deleteMany();
    await database.idempotencyRecord.deleteMany();
    await database.usageDay.deleteMany();
    await database.quotaReservation.deleteMany();
  });
  afterAll(async () => {
    await database?.$disconnect();
    await testDatabase?.drop();
  });

  const open = (bounds: Partial<QuotaBounds> = {}, onMade: (ids: readonly string[]) => void = () => undefined) =>
    new UrlJobStore({ database, bounds: { ...unbounded, ...bounds }, clock: systemClock, onMade });
  const newJob = (key?: string, overrides: Partial<NewUrlJob> = {}): NewUrlJob => ({
    id: createJobId('video', Date.now()),
    owner: { tenantId: 1, apiKeyId: undefined, userId: 7, faceEmbeddings: true },
    maxProcessingSeconds: 30,
    webhook: { url: 'https://receiver.example/', sealedSecret: Uint8Array.from([0, 255, 7]) },
    sealedUrl: randomBytes(40),
    key: key === undefined ? undefined : { owner: 'user:7', key, lockId: randomUUID(), fingerprint: randomBytes(32), keptMs: 60_000 },
    ...overrides,
  });
  /** @returns for each `made`, or the code it was refused with */
  const insertAll = (store: UrlJobStore, jobs: readonly NewUrlJob[], seen: number[] = []) =>
    Promise.all(
      jobs.map((job) =>
        store
          .insert(job, (quotas) => seen.push(quotas['jobs-open'].used))
          .then(
            () => 'made',
            ({ code }: AppError) => code,
          ),
      ),
    );
  const count = (answers: readonly string[], wanted: string) => answers.filter((answer) => answer === wanted).length;

  it('have all that they were asked for, each its event and download, and are told of once for a group', async () => {
    const told: (readonly string[])[] = [];
    const jobs = Array.from({ length: 10 }, (_, index) => newJob(index % 2 === 0 ? `key ${index}` : undefined));
    expect(
      count(
        await insertAll(
          open({}, (ids) => told.push(ids)),
          jobs,
        ),
        'made',
      ),
    ).toBe(10);
    expect(told.map((ids) => ids.length)).toEqual([1, 9]);
    const [job] = jobs;
    const row = await database.job.findUniqueOrThrow({ where: { id: job!.id }, include: { fetch: true } });
    expect(row).toMatchObject({ tenantId: 1, userId: 7, apiKeyId: null, faceEmbeddings: true, state: 'queued', mediaType: 'video' });
    expect(row).toMatchObject({ maxProcessingSeconds: 30, mediaFile: null, webhookUrl: 'https://receiver.example/' });
    expect([row.webhookSecret, row.fetch?.url]).toEqual([Uint8Array.from([0, 255, 7]), Uint8Array.from(job!.sealedUrl)]);
    const record = await database.idempotencyRecord.findUniqueOrThrow({ where: { owner_key: { owner: 'user:7', key: 'key 0' } } });
    expect([record.jobId, record.fingerprint]).toEqual([job!.id, Uint8Array.from(job!.key!.fingerprint)]);
    const events = await database.jobEvent.findMany({ orderBy: [{ xid: 'asc' }, { seq: 'asc' }] });
    expect(events.map(({ jobId }) => jobId)).toEqual(jobs.map(({ id }) => id));
    expect((await database.usageDay.aggregate({ _sum: { jobs: true } }))._sum.jobs).toBe(10);
  });

  it('never exceed a quota, however many gateways they come through, and each hears how it stands', async () => {
    const stores = [open({ jobsOpenMax: 50 }), open({ jobsOpenMax: 50 })];
    const seen: number[] = [];
    const answers = (
      await Promise.all(
        stores.map((store) =>
          insertAll(
            store,
            Array.from({ length: 100 }, () => newJob(randomUUID())),
            seen,
          ),
        ),
      )
    ).flat();
    expect([count(answers, 'made'), count(answers, 'rate_limited'), await database.job.count()]).toEqual([50, 150, 50]);
    expect(await database.idempotencyRecord.count()).toBe(50);
    expect(seen.toSorted((a, b) => a - b).slice(0, 51)).toEqual(Array.from({ length: 51 }, (_, used) => used));
  });

  it('make one job of one key, wherever its requests meet, and a request that has its job takes no room', async () => {
    const bounds = { jobsOpenMax: 2 };
    const first = [newJob('a'), newJob('a'), newJob('a')];
    expect(count(await insertAll(open(bounds), first), 'conflict')).toBe(2);
    // The place that is left is not given to the key that has its job, though it comes first.
    const store = open(bounds);
    const answers = await insertAll(store, [newJob('a'), newJob('a'), newJob('b'), newJob('c')]);
    expect(answers).toEqual(['conflict', expect.stringMatching(/conflict|rate_limited/), 'made', 'rate_limited']);
    expect(await database.job.count()).toBe(2);
  });

  it('are held to rooms that uploads have taken, and to the day', async () => {
    await database.quotaReservation.create({
      data: { id: randomUUID(), tenantId: 1, bytes: 10, expiresAt: new Date(Date.now() + 60_000) },
    });
    expect(await insertAll(open({ jobsOpenMax: 2 }), [newJob(), newJob()])).toEqual(['made', 'rate_limited']);
    expect(await insertAll(open({ jobsPerDayMax: 3 }), [newJob(), newJob()])).toEqual(['made', 'rate_limited']);
    expect(await insertAll(open({ uploadBytesPerDayMax: 10 }), [newJob()])).toEqual(['rate_limited']);
    expect(await insertAll(open({ uploadBytesPerDayMax: 11 }), [newJob()])).toEqual(['made']);
  });

  it('do not fail for one among them that cannot be stored', async () => {
    const store = open();
    const unstorable = newJob(undefined, { webhook: { url: 'https://receiver.example/\0', sealedSecret: null } });
    const answers = await Promise.allSettled([newJob(), newJob(), unstorable, newJob()].map((job) => store.insert(job, undefined)));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect([await database.job.count(), await database.jobEvent.count(), await database.jobFetch.count()]).toEqual([3, 3, 3]);
  });
});
