import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { finishedVideo, GatewayFixture, imageResult, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';
import { sweepJobs } from './sweep-jobs.js';

const bound = { 'Max-Processing-Time': '60' };
const boundMs = 60_000;
const pictureBase64 = Buffer.from('not looked at by the gateway').toString('base64');
const tooLong = { status: 'failed', error: { code: 'processing_time_exceeded' } };

// The sweeper runs once at start and then not for an hour, so that each test says who is the first to see the lateness.
describe('a job over Max-Processing-Time', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;

  beforeAll(async () => {
    services = await startGatewayServices();
    fixture = await GatewayFixture.start({
      ...services,
      timings: { leaseMs: 30_000, sweepEveryMs: 3_600_000 },
    });
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  /** As if more than the bound had passed since then: no test depends on how soon it says the next thing. */
  const overBound = () => new Date(Date.now() - boundMs - 1_000);
  const beLate = (jobId: string) => fixture.database.job.update({ where: { id: jobId }, data: { startedAt: overBound() } });

  /** The start is kept in whole milliseconds. */
  const isWholeBound = (leftMs: number | null | undefined) => typeof leftMs === 'number' && Math.abs(leftMs - boundMs) <= 1;

  it('tells its agent at the start what is left of the bound, and at the next beat that it is over', async () => {
    const jobId = await fixture.submitVideo('x', bound);
    const work = await fixture.claimWork();
    expect(isWholeBound(work.processing_ms_left)).toBe(true);
    expect(await fixture.beat(work)).toBe('continue');
    await beLate(jobId);
    expect(await fixture.beat(work)).toBe('late');
    expect(await fixture.poll(jobId)).toMatchObject(tooLong);
    expect(await fixture.beat(work)).toBe('lost');
  });

  it('is failed by the sweeper when its agent says nothing', async () => {
    const jobId = await fixture.submitVideo('x', bound);
    const work = await fixture.claimWork();
    await beLate(jobId);
    expect(await sweepJobs(fixture.database, { retentionMs: 3_600_000 })).toEqual({
      ended: [{ id: jobId, hasWebhook: false }],
      requeued: [],
    });
    expect(await fixture.poll(jobId)).toMatchObject(tooLong);
    expect(await fixture.finish(work, finishedVideo)).toBe(false);
  });

  it('is failed while it waits for its next attempt, and handed to nobody', async () => {
    const jobId = await fixture.submitVideo('x', bound);
    await fixture.finish(await fixture.claimWork(), { state: 'returned', reason: 'no adapter' });
    await beLate(jobId);
    expect(await fixture.claim()).toBeNull();
    await sweepJobs(fixture.database, { retentionMs: 3_600_000 });
    expect(await fixture.poll(jobId)).toMatchObject(tooLong);
  });

  it('is failed even if its result comes before the sweeper', async () => {
    const jobId = await fixture.submitVideo('x', bound);
    const work = await fixture.claimWork();
    await beLate(jobId);
    expect(await fixture.finish(work, finishedVideo)).toBe(true);
    expect(await fixture.poll(jobId)).toMatchObject({ ...tooLong, result: null });
  });

  it('keeps the pictures that are done', async () => {
    const jobId = await fixture.submitImages([{ data_base64: pictureBase64 }, { data_base64: pictureBase64 }], bound);
    const work = await fixture.claimWork();
    await beLate(jobId);
    await fixture.finish(work, { state: 'finished', media_type: 'image', items: [{ index: 0, state: 'finished', result: imageResult }] });
    expect(await fixture.poll(jobId)).toMatchObject({ ...tooLong, items: [{ status: 'finished', result: imageResult }, tooLong] });
  });

  it('is measured from the first attempt: waiting for an agent is free', async () => {
    const jobId = await fixture.submitVideo('x', bound);
    await fixture.database.job.update({ where: { id: jobId }, data: { createdAt: overBound(), runAfter: overBound() } });
    expect(await sweepJobs(fixture.database, { retentionMs: 3_600_000 })).toEqual({ ended: [], requeued: [] });
    expect(isWholeBound((await fixture.claimWork()).processing_ms_left)).toBe(true);
  });

  it('has no bound with Max-Processing-Time 0', async () => {
    await fixture.submitVideo('x', { 'Max-Processing-Time': '0' });
    expect((await fixture.claimWork()).processing_ms_left).toBeNull();
  });
});
