import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { finishedVideo, GatewayFixture, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';
import { removeExpired } from './remove-expired.js';

const longAgo = new Date('2020-01-01T00:00:00Z');
const soon = () => new Date(Date.now() + 3_600_000);

describe('what is over its time', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;

  beforeAll(async () => {
    services = await startGatewayServices();
    fixture = await GatewayFixture.start(services);
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  const remove = async () => {
    const folders: string[] = [];
    const removed = await removeExpired(fixture.database, { removeMedia: async (jobId) => void folders.push(jobId) });
    return { ...removed, folders };
  };

  it('is removed: jobs that ended, with all that hangs on them; nothing that is young or open', async () => {
    const headers = { 'Idempotency-Key': 'kept no longer than its job' };
    const [expired, young, open] = [await fixture.submitVideo('x', headers), await fixture.submitVideo(), await fixture.submitVideo()];
    for (let jobs = 0; jobs < 2; jobs++) await fixture.finish(await fixture.claimWork(), finishedVideo);
    await fixture.database.job.updateMany({ where: { id: { in: [expired, open] } }, data: { expiresAt: longAgo } });
    expect(await remove()).toMatchObject({ jobs: 1, folders: [expired] });
    expect((await fixture.request(`/v0.2/results/video/${expired}`)).status).toBe(404);
    expect((await fixture.poll(young)).status).toBe('finished');
    expect((await fixture.poll(open)).status).toBe('queued');
    expect(await fixture.database.idempotencyRecord.count()).toBe(0);
  });

  it('is removed in batches, however much it is', async () => {
    await fixture.database.job.createMany({
      data: Array.from({ length: 450 }, (_, number) => ({
        id: `video_${number}`,
        tenantId: 1,
        mediaType: 'video' as const,
        state: 'failed' as const,
        expiresAt: longAgo,
      })),
    });
    expect((await remove()).jobs).toBe(450);
  });

  it('is removed: events of last week, and those of another database that this one was restored from', async () => {
    await fixture.database.jobEvent.deleteMany();
    const event = { tenantId: 1, jobId: 'video_1', state: 'queued' as const };
    await fixture.database.jobEvent.createMany({
      data: [{ ...event, at: new Date(Date.now() - 8 * 86_400_000) }, { ...event, xid: 2n ** 60n }, event],
    });
    expect((await remove()).events).toBe(2);
    expect(await fixture.database.jobEvent.count()).toBe(1);
  });

  it('is removed: keys of requests and room in quotas, unless a request still holds them', async () => {
    const key = (name: string, times: { lockedUntil: Date; expiresAt: Date }) => ({
      owner: 'user:1',
      key: name,
      lockId: randomUUID(),
      ...times,
    });
    await fixture.database.idempotencyRecord.createMany({
      data: [
        key('over', { lockedUntil: longAgo, expiresAt: longAgo }),
        key('runs', { lockedUntil: soon(), expiresAt: longAgo }),
        key('kept', { lockedUntil: longAgo, expiresAt: soon() }),
      ],
    });
    await fixture.database.quotaReservation.createMany({
      data: [
        { id: randomUUID(), tenantId: 1, expiresAt: longAgo },
        { id: randomUUID(), tenantId: 1, expiresAt: soon() },
      ],
    });
    expect(await remove()).toMatchObject({ idempotencyKeys: 1, quotaReservations: 1 });
    const keys = await fixture.database.idempotencyRecord.findMany({ where: { owner: 'user:1' }, orderBy: { key: 'asc' } });
    expect(keys.map((record) => record.key)).toEqual(['kept', 'runs']);
  });
});
