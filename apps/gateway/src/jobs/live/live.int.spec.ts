import { randomInt } from 'node:crypto';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { hashApiKey } from '@nightjar/auth';
import { jobProgressed } from '@nightjar/contracts';
import { AppError, createLogger, sleep, systemClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { apiKey, finishedVideo, GatewayFixture, startGatewayServices, type GatewayServices } from '../../gateway.fixture.js';
import { createJobId } from '../job-id.js';
import { JobEventsStore } from './job-events.store.js';
import { LiveHub } from './live-hub.js';
import { SseReader, type SseMessage } from './sse-reader.fixture.js';

describe('live updates of jobs', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;
  const readers: SseReader[] = [];

  beforeAll(async () => {
    services = await startGatewayServices();
    fixture = await GatewayFixture.start(services);
  });
  beforeEach(async () => {
    await fixture.database.jobEvent.deleteMany();
    await fixture.database.job.deleteMany();
  });
  afterEach(() => {
    for (const reader of readers.splice(0)) reader.close();
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  async function open(query = '', headers: Record<string, string> = {}): Promise<SseReader> {
    const reader = await SseReader.open(`${fixture.gateway.url}/v1/jobs/events${query}`, { 'X-API-Key': apiKey, ...headers });
    readers.push(reader);
    if (reader.response.status === 200) await reader.until(({ lastId }) => lastId !== undefined);
    return reader;
  }
  const statuses = (reader: SseReader, jobId: string) =>
    reader
      .of('job')
      .filter(({ data }) => data.job_id === jobId)
      .map(({ data }) => data.status);
  /** Transactions of other spec files hold an event back, too: they run in the same Postgres. */
  const isSettled = async (xid: bigint) => {
    const [row] = await fixture.database.$queryRaw<{ settled: boolean }[]>`
      SELECT ${xid}::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS settled`;
    return row?.settled === true;
  };
  const newEvent = (jobId = createJobId('video', Date.now())) => ({ tenantId: 1, jobId, state: 'queued' as const });

  it('tell every move of a job, with an id to resume from', async () => {
    const reader = await open();
    expect(reader.response.headers.get('Content-Type')).toContain('text/event-stream');
    expect(reader.response.headers.get('Cache-Control')).toBe('no-store');
    const jobId = await fixture.submitVideo();
    await fixture.finish(await fixture.claimWork(), { state: 'returned', reason: 'again' });
    await fixture.finish(await fixture.claimWork(), { state: 'failed', error: { code: 'not_a_video', message: 'no video stream' } });
    await reader.until(() => statuses(reader, jobId).length === 5);
    expect(statuses(reader, jobId)).toEqual(['queued', 'processing', 'queued', 'processing', 'failed']);
    const [first, last] = [reader.of('job')[0], reader.of('job').at(-1)];
    expect(first).toMatchObject({ id: expect.stringMatching(/^\d+$/), data: { media_type: 'video', at: expect.stringMatching(/Z$/) } });
    expect(last?.data.error).toEqual({ code: 'not_a_video', message: 'no video stream' });
  });

  it('come at once from another gateway, too', async () => {
    const other = await GatewayFixture.start(services);
    try {
      const reader = await open();
      // Where nothing is heard of them, each would be seen by the next look at the rows only, 2 s after the one before.
      let soonestMs = Infinity;
      for (let job = 0; job < 20 && soonestMs > 1_000; job++) {
        const submittedAtMs = performance.now();
        const jobId = await other.submitVideo();
        await reader.until(() => statuses(reader, jobId).length === 1);
        if (job > 0) soonestMs = Math.min(soonestMs, performance.now() - submittedAtMs);
      }
      expect(soonestMs).toBeLessThanOrEqual(1_000);
    } finally {
      await other.stopAndRemoveMedia();
    }
  });

  it('are those of the tenant, and of the jobs that were asked for', async () => {
    const strangerKey = 'key-of-another-tenant';
    await fixture.database.apiKey.create({
      data: { tenantId: 2, name: 'stranger', prefix: 'x', sha256: Uint8Array.from(hashApiKey(strangerKey)), scopes: ['jobs:read'] },
    });
    const [wanted, unwanted] = [createJobId('video', Date.now()), createJobId('video', Date.now())];
    const [all, one, stranger] = [await open(), await open(`?job_id=${wanted}`), await open('', { 'X-API-Key': strangerKey })];
    await fixture.database.jobEvent.createMany({ data: [newEvent(unwanted), newEvent(wanted)] });
    await all.until(() => all.of('job').length === 2);
    await one.until(() => one.of('job').length === 1);
    expect(one.of('job')[0]?.data.job_id).toBe(wanted);
    expect(stranger.messages).toEqual([]);
    expect((await open('?job_id=nothing')).response.status).toBe(400);
  });

  it('tell progress at most once a second, the newest, which is not replayed', async () => {
    const reader = await open();
    const jobId = await fixture.submitVideo();
    const work = await fixture.claimWork();
    const startedAtMs = performance.now();
    for (let beats = 1; beats <= 20; beats++) {
      await fixture.beat(work, beats / 20, 'persons');
      await sleep(50);
    }
    await reader.until(() => reader.of('progress').some(({ data }) => data.progress === 1));
    expect(reader.of('progress').length).toBeLessThanOrEqual(Math.ceil((performance.now() - startedAtMs) / 1_000) + 1);
    expect(reader.of('progress').at(-1)).toEqual({
      id: undefined,
      event: 'progress',
      data: { job_id: jobId, media_type: 'video', progress: 1, stage: 'persons' },
    });
    const again = await open('', { 'Last-Event-ID': '0' });
    fixture.agentBus.publish(jobProgressed, { job_id: jobId, tenant_id: 2, progress: 0.1, stage: 'of another tenant' });
    await sleep(1_200);
    expect(again.of('progress')).toEqual([]);
  });

  it('asked for with HEAD end with their head, and the next request on the connection is answered', async () => {
    const { hostname, port } = new URL(fixture.gateway.url);
    let heard = '';
    const socket = connect(Number(port), hostname);
    socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
    const ask = (line: string) => socket.write(`${line} HTTP/1.1\r\nHost: ${hostname}\r\nX-API-Key: ${apiKey}\r\n\r\n`);
    ask('HEAD /v1/jobs/events');
    await until(() => heard.includes('\r\n\r\n'));
    await fixture.submitVideo();
    ask('GET /livez');
    await until(() => heard.includes('\r\n\r\n{'));
    expect(heard.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
    expect(heard.split('\r\n\r\n')[1]).toMatch(/^HTTP\/1\.1 200/);
    socket.destroy();
  });

  it.each(['999999999', 'nonsense'])('say that there is a gap after an id that is not kept: %s', async (lastEventId) => {
    const newest = await fixture.database.jobEvent.create({ data: newEvent() });
    await until(() => isSettled(newest.xid));
    const reader = await open('', { 'Last-Event-ID': lastEventId });
    await reader.until(() => reader.messages.length === 1);
    expect(reader.messages[0]).toEqual({
      id: String(newest.seq),
      event: 'gap',
      data: { last_event_id: lastEventId, resumed_after: String(newest.seq) },
    });
  });

  /** For transactions that a test holds open: Prisma's own bound is 5 s. */
  const heldOpen = { maxWait: 60_000, timeout: 120_000 };

  it('leave nothing out when transactions end in another order than their events are numbered', async () => {
    const reader = await open();
    const [begun, inserted, mayEnd] = [gate(), gate(), gate()];
    const [first, second] = [newEvent(), newEvent()];
    // The older transaction gets the higher number, and ends before the younger one.
    const older = fixture.database.$transaction(async (transaction) => {
      await transaction.$queryRaw`SELECT pg_current_xact_id()::text`;
      begun.open();
      await inserted.opened;
      await transaction.jobEvent.create({ data: first });
    }, heldOpen);
    const younger = fixture.database.$transaction(async (transaction) => {
      await begun.opened;
      await transaction.jobEvent.create({ data: second });
      inserted.open();
      await mayEnd.opened;
    }, heldOpen);
    await older;
    const third = await fixture.submitVideo();
    await reader.until(() => reader.of('job').length === 1);
    mayEnd.open();
    await younger;
    await reader.until(() => reader.of('job').length === 3);
    expect(reader.of('job').map(({ data }) => data.job_id)).toEqual([first.jobId, second.jobId, third]);
    expect(Number(reader.of('job')[0]?.id)).toBeGreaterThan(Number(reader.of('job')[1]?.id));
  });

  it('lose and repeat nothing over 300 disconnects while jobs move', async () => {
    const received: string[] = [];
    const gaps: SseMessage[] = [];
    const { seq: firstSeq, xid } = await fixture.database.jobEvent.create({ data: newEvent() });
    await until(() => isSettled(xid));
    let lastId = (await open()).lastId ?? '';
    expect(lastId).toBe(String(firstSeq));
    let isMoving = true;
    const mover = async (holdMs: number) => {
      while (isMoving) {
        await fixture.database.$transaction(async (transaction) => {
          await transaction.jobEvent.create({ data: newEvent() });
          if (holdMs > 0) await sleep(randomInt(holdMs));
          await transaction.jobEvent.create({ data: newEvent() });
        }, heldOpen);
        await sleep(randomInt(10));
      }
    };
    const movers = [mover(0), mover(30)];
    const url = `${fixture.gateway.url}/v1/jobs/events`;
    const take = (message: SseMessage) => {
      if (message.event === 'job') received.push(message.id ?? '');
      else gaps.push(message);
    };
    for (let disconnects = 0; disconnects < 300; disconnects++) {
      const reader = await SseReader.open(url, { 'X-API-Key': apiKey, 'Last-Event-ID': lastId }, take);
      if (reader.response.status !== 200) throw new Error(`answered ${reader.response.status}`);
      await sleep(randomInt(20));
      reader.close();
      lastId = reader.lastId ?? lastId;
    }
    isMoving = false;
    await Promise.all(movers);
    const rows = await fixture.database.jobEvent.findMany({
      where: { seq: { not: firstSeq } },
      orderBy: [{ xid: 'asc' }, { seq: 'asc' }],
      select: { seq: true },
    });
    const reader = await SseReader.open(url, { 'X-API-Key': apiKey, 'Last-Event-ID': lastId }, take);
    readers.push(reader);
    await until(() => received.length >= rows.length);
    expect(gaps).toEqual([]);
    expect(received).toEqual(rows.map(({ seq }) => String(seq)));
    process.stdout.write(`300 disconnects: ${rows.length} events, 0 lost, 0 twice\n`);
  });

  it('reach a client that reads slowly from the rows, in order and all of them', async () => {
    const reader = await open();
    const slow = await fetch(`${fixture.gateway.url}/v1/jobs/events`, { headers: { 'X-API-Key': apiKey } });
    const jobId = createJobId('video', Date.now());
    const count = 30_000;
    for (let written = 0; written < count; written += 10_000)
      await fixture.database.jobEvent.createMany({ data: Array.from({ length: 10_000 }, () => newEvent(jobId)) });
    await reader.until(() => reader.of('job').length === count);
    let text = '';
    for await (const chunk of slow.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      // Chunks are cut anywhere.
      if (text.slice(-chunk.length - 100).includes(`\nid: ${reader.lastId}\nevent: job`)) break;
    }
    const ids = [...text.matchAll(/^id: (\d+)\nevent: job/gm)].map(([, id]) => id);
    expect(ids).toEqual(reader.of('job').map(({ id }) => id));
  });

  describe('of a hub that looks often', () => {
    let isRevoked: boolean;
    let hub: LiveHub;
    let reader: SseReader;
    const server = createServer((_request, response) => {
      response.writeHead(200);
      const revalidate = () => (isRevoked ? Promise.reject(new AppError('unauthenticated', 'revoked')) : Promise.resolve());
      void hub.plan({ tenantId: 1, jobIds: undefined }, undefined).then((planned) => hub.begin(planned, response, revalidate));
    });
    beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
    beforeEach(async () => {
      isRevoked = false;
      const logger = createLogger({ service: 'test', level: 'silent' });
      hub = new LiveHub({ store: new JobEventsStore(fixture.database), clock: systemClock, logger, beatMs: 50 });
      reader = await SseReader.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {});
    });
    afterEach(() => hub.stop());
    afterAll(() => void server.close());

    it('end when the caller may not listen any more', async () => {
      await sleep(200);
      expect(reader.hasEnded).toBe(false);
      isRevoked = true;
      await reader.until(() => reader.hasEnded);
    });

    it('end when the database was emptied or set back, for whoever comes again is told of the gap', async () => {
      await fixture.database.jobEvent.create({ data: newEvent() });
      hub.wake();
      await reader.until(() => reader.of('job').length === 1);
      await fixture.database.jobEvent.deleteMany();
      await reader.until(() => reader.hasEnded);
      const { gapAfter } = await hub.plan({ tenantId: 1, jobIds: undefined }, reader.lastId);
      expect(gapAfter).toBe(reader.lastId);
    });
  });

  it('of a finished job show no error', async () => {
    const reader = await open();
    const jobId = await fixture.submitVideo();
    await fixture.finish(await fixture.claimWork(), finishedVideo);
    await reader.until(() => statuses(reader, jobId).includes('finished'));
    expect(reader.of('job').at(-1)?.data).toMatchObject({ status: 'finished', error: null });
  });
});

/** Something that others wait for. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}
