import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { finishJob, type JobOutcome, type Work } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import {
  callMs,
  finishedVideo,
  GatewayFixture,
  imageResult,
  startGatewayServices,
  videoResult,
  type GatewayServices,
} from '../gateway.fixture.js';
import { createJobId } from './job-id.js';
import { freeReturnsMax } from './return-job.js';

const pictureBase64 = Buffer.from('not looked at by the gateway').toString('base64');
/** No lease runs out by itself, however loaded the machine is: tests say when. The sweeper sees it at once. */
const timings = { leaseMs: 120_000, sweepEveryMs: 50 };

describe('the lease protocol', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;

  beforeAll(async () => {
    services = await startGatewayServices();
    fixture = await GatewayFixture.start({ ...services, timings });
  });
  afterEach(async () => {
    await fixture.database.job.deleteMany();
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  const status = async (jobId: string) => (await fixture.poll(jobId)).status;
  const row = (jobId: string) => fixture.database.job.findUniqueOrThrow({ where: { id: jobId } });
  /** As if its agent had been silent for so long. */
  const letLeaseRunOut = (jobId: string) => fixture.database.job.update({ where: { id: jobId }, data: { leaseUntil: new Date(0) } });

  it('gives 40 jobs to 40 agents that ask at the same moment, each job once', async () => {
    const jobIds = await Promise.all(Array.from({ length: 40 }, () => fixture.submitVideo()));
    const works = await Promise.all(Array.from({ length: 40 }, (_, agent) => fixture.claim(`agent-${agent}`)));
    expect(works.map((work) => work?.job_id).sort()).toEqual(jobIds.sort());
    expect(new Set(works.map((work) => work?.lease)).size).toBe(40);
    expect(await fixture.claim()).toBeNull();
  });

  it('hands the oldest job out first', async () => {
    const first = await fixture.submitVideo();
    await fixture.submitVideo();
    expect((await fixture.claimWork()).job_id).toBe(first);
  });

  describe('an agent that delivers a job and has room for the next one', () => {
    const finishFor = ({ job_id, lease }: Work, outcome: JobOutcome) =>
      fixture.agentBus.request(finishJob, { job_id, lease, outcome, next_for: 'agent-1' }, { timeoutMs: callMs });

    it('hears of it in the same answer; the end and the lease are one transaction', async () => {
      const first = await fixture.submitVideo();
      const second = await fixture.submitVideo();
      const { accepted, next } = await finishFor(await fixture.claimWork(), finishedVideo);
      expect({ accepted, next }).toMatchObject({ accepted: true, next: { job_id: second, attempt: 1, media_type: 'video' } });
      expect([await status(first), await status(second)]).toEqual(['finished', 'processing']);
      const moves = await fixture.database.jobEvent.findMany({
        where: {
          OR: [
            { jobId: first, state: 'finished' },
            { jobId: second, state: 'processing' },
          ],
        },
      });
      expect(moves).toHaveLength(2);
      expect(new Set(moves.map(({ xid }) => xid)).size).toBe(1);
      expect(await finishFor(next!, { state: 'failed', error: { code: 'undecodable', message: 'made up' } })).toEqual({
        accepted: true,
        next: null,
      });
    });

    it('leases nothing with an outcome that comes too late, comes twice or gives the job back', async () => {
      await fixture.submitVideo();
      await fixture.submitVideo();
      const work = await fixture.claimWork();
      expect(await finishFor({ ...work, lease: randomUUID() }, finishedVideo)).toEqual({ accepted: false });
      expect(await finishFor(work, { state: 'returned', reason: 'no adapter' })).toEqual({ accepted: true });
      const again = await fixture.claimWork();
      await fixture.finish(again, finishedVideo);
      expect(await finishFor(again, finishedVideo)).toEqual({ accepted: false });
      expect(await fixture.database.job.count({ where: { state: 'queued' } })).toBe(1);
    });
  });

  it('keeps a job with an agent that beats, and shows its progress', async () => {
    const jobId = await fixture.submitVideo();
    const work = await fixture.claimWork();
    for (let beats = 0; beats < 3; beats++) {
      // As if half of the lease were over.
      const leaseUntil = new Date(Date.now() + timings.leaseMs / 2);
      await fixture.database.job.update({ where: { id: jobId }, data: { leaseUntil } });
      expect(await fixture.beat(work, 0.25, 'decode')).toBe('continue');
      expect((await row(jobId)).leaseUntil!.getTime()).toBeGreaterThanOrEqual(leaseUntil.getTime() + timings.leaseMs / 2);
    }
    expect(await fixture.poll(jobId)).toEqual({ job_id: jobId, status: 'processing', result: null, progress: 0.25, stage: 'decode' });
    expect(await fixture.finish(work, finishedVideo)).toBe(true);
    expect(await fixture.poll(jobId)).toEqual({ job_id: jobId, status: 'finished', result: videoResult, expires_at: expect.any(String) });
  });

  it('gives the job of a silent agent to the next one, and refuses what the first one still says', async () => {
    const jobId = await fixture.submitVideo();
    const lost = await fixture.claimWork('agent-that-dies');
    await letLeaseRunOut(jobId);
    await until(async () => (await status(jobId)) === 'queued');
    const second = await fixture.claimWork('agent-that-lives');
    expect(second).toMatchObject({ job_id: jobId, attempt: 2 });
    expect(second.lease).not.toBe(lost.lease);
    expect(await fixture.beat(lost)).toBe('lost');
    expect(await fixture.finish(lost, finishedVideo)).toBe(false);
    expect(await fixture.finish(lost, { state: 'returned', reason: 'stale' })).toBe(false);
    expect(await status(jobId)).toBe('processing');
    expect(await fixture.finish(second, finishedVideo)).toBe(true);
  });

  it('accepts one of 20 parallel finishes', async () => {
    const jobId = await fixture.submitVideo();
    const work = await fixture.claimWork();
    const outcomes: JobOutcome[] = Array.from({ length: 20 }, (_, number) =>
      number % 2 === 0 ? finishedVideo : { state: 'failed', error: { code: `loser_${number}`, message: 'one of twenty' } },
    );
    const accepted = await Promise.all(outcomes.map((outcome) => fixture.finish(work, outcome)));
    expect(accepted.filter(Boolean)).toHaveLength(1);
    expect(await status(jobId)).toBe(accepted.indexOf(true) % 2 === 0 ? 'finished' : 'failed');
    expect(await fixture.finish(work, finishedVideo)).toBe(false);
  });

  it('fails a job whose attempts are used up', async () => {
    const jobId = await fixture.submitVideo();
    await fixture.database.job.update({ where: { id: jobId }, data: { attemptsMax: 1 } });
    await fixture.claimWork();
    await letLeaseRunOut(jobId);
    await until(async () => (await status(jobId)) === 'failed');
    expect(await fixture.poll(jobId)).toMatchObject({ result: null, error: { code: 'attempts_exhausted' } });
    expect(await fixture.claim()).toBeNull();
  });

  it('never puts a job back whose attempts are used up, between whichever statements its lease runs out', async () => {
    const { id: apiKeyId } = await fixture.database.apiKey.findFirstOrThrow();
    const jobs = Array.from({ length: 400 }, (_, number) => ({
      id: createJobId('video', Date.now()),
      tenantId: 1,
      apiKeyId,
      mediaType: 'video' as const,
      state: 'processing' as const,
      startedAt: new Date(),
      leaseId: randomUUID(),
      leaseUntil: new Date(Date.now() + 300 + 2 * number),
      attempt: 1,
      attemptsMax: 1,
    }));
    await fixture.database.job.createMany({ data: jobs });
    await until(async () => (await fixture.database.job.count({ where: { state: 'processing' } })) === 0);
    expect(await fixture.database.job.count({ where: { state: 'failed' } })).toBe(jobs.length);
  });

  it('does not count an attempt that was given back, and lets the job wait longer each time', async () => {
    const jobId = await fixture.submitVideo();
    const first = await fixture.claimWork();
    expect(await fixture.finish(first, { state: 'returned', reason: 'the agent stops' })).toBe(true);
    for (const waitMs of [1_000, 3_000, 7_000, 15_000, 30_000]) {
      const again = await fixture.claimWork();
      expect(again).toMatchObject({ job_id: jobId, attempt: 1 });
      const beforeMs = Date.now();
      expect(await fixture.finish(again, { state: 'returned', reason: 'no adapter' })).toBe(true);
      const runAfterMs = (await row(jobId)).runAfter.getTime();
      expect(runAfterMs).toBeGreaterThanOrEqual(beforeMs + waitMs);
      expect(runAfterMs).toBeLessThanOrEqual(Date.now() + waitMs + 1); // rounded to whole milliseconds
      // The last wait is longer than any pause between the two lines.
      if (waitMs === 30_000) expect(await fixture.claim()).toBeNull();
      else await fixture.database.job.update({ where: { id: jobId }, data: { runAfter: new Date(0) } });
    }
  });

  it('ends a job that is given back again and again', async () => {
    const jobId = await fixture.submitVideo();
    await fixture.database.job.update({ where: { id: jobId }, data: { timesReturned: freeReturnsMax, attempt: 4 } });
    expect(await fixture.finish(await fixture.claimWork(), { state: 'returned', reason: 'again' })).toBe(true);
    expect(await fixture.poll(jobId)).toMatchObject({ status: 'failed', error: { code: 'attempts_exhausted' } });
  });

  it('ends a cancelled job at the next beat', async () => {
    const jobId = await fixture.submitVideo();
    const work = await fixture.claimWork();
    await fixture.database.job.update({ where: { id: jobId }, data: { cancelRequested: true } });
    expect(await fixture.beat(work)).toBe('cancel');
    // The public contract has no word for it.
    expect(await fixture.poll(jobId)).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
  });

  it('keeps the outcome of each picture, and fails the one without', async () => {
    const picture = { data_base64: pictureBase64 };
    const jobId = await fixture.submitImages([
      { external_id: 'a', ...picture },
      { data_base64: 'data:image/png;base64,AAAA' },
      picture,
      picture,
    ]);
    const work = await fixture.claimWork();
    expect(work).toMatchObject({ media_type: 'image', items: [{ index: 0 }, { index: 2 }, { index: 3 }] });
    const items = [
      { index: 0, state: 'finished' as const, result: imageResult },
      {
        index: 2,
        state: 'failed' as const,
        error: { code: 'not_an_image', message: 'no picture\u0000 with a NUL and half a pair \ud800' },
      },
    ];
    expect(await fixture.finish(work, { state: 'finished', media_type: 'image', items })).toBe(true);
    expect(await fixture.poll(jobId)).toEqual({
      job_id: jobId,
      status: 'finished',
      items: [
        { index: 0, external_id: 'a', status: 'finished', result: imageResult, error: null },
        { index: 1, external_id: null, status: 'failed', result: null, error: expect.objectContaining({ code: 'data_uri' }) },
        {
          index: 2,
          external_id: null,
          status: 'failed',
          result: null,
          error: { code: 'not_an_image', message: 'no picture with a NUL and half a pair \ufffd' },
        },
        { index: 3, external_id: null, status: 'failed', result: null, error: expect.objectContaining({ code: 'no_result' }) },
      ],
      expires_at: expect.any(String),
    });
  });

  it('refuses to finish a video as a batch of images', async () => {
    await fixture.submitVideo();
    const work = await fixture.claimWork();
    await expect(fixture.finish(work, { state: 'finished', media_type: 'image', items: [] })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });

  it('removes the upload of a job that has ended', async () => {
    await fixture.submitVideo();
    const work = await fixture.claimWork();
    expect((await fixture.mediaFiles()).length).toBeGreaterThan(0);
    await fixture.finish(work, { state: 'failed', error: { code: 'not_a_video', message: 'no video stream' } });
    expect((await fixture.mediaFiles()).filter((file) => file.startsWith(work.job_id))).toEqual([]);
  });
});
