import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { CuttableRoad } from '../cuttable-road.fixture.js';
import { Receiver, withStatus, type Answer } from './receiver.fixture.js';
import { Sending, shortTimings } from './sending.fixture.js';

const never: Answer = () => undefined;
const tooLate = 'did not answer in time';
/** Above what a whole test may take. */
const noDeadline = { timeoutMs: 200_000, leaseMs: 300_000 };

describe('the sender of webhooks', () => {
  let sending: Sending;
  const receivers: Receiver[] = [];

  const receiver = async (answer: Answer): Promise<Receiver> => {
    const started = await Receiver.start(answer);
    receivers.push(started);
    return started;
  };
  const settled = (id: string) => until(async () => (await sending.state(id)) !== 'pending');

  beforeAll(async () => {
    sending = await Sending.prepare();
  });
  afterEach(async () => {
    await sending.stopSenders();
    await Promise.all(receivers.splice(0).map((one) => one.close()));
    await sending.database.job.deleteMany();
    sending.log.length = 0;
  });
  afterAll(async () => {
    await sending?.remove();
  });

  it('delivers a message once to a receiver that takes it', async () => {
    const taker = await receiver(withStatus(204));
    const id = await sending.addMessage(taker.url);
    sending.startSender();
    await settled(id);
    expect(taker.ids).toEqual([id]);
    expect(await sending.message(id)).toMatchObject({
      state: 'delivered',
      attempt: 1,
      lastError: null,
      leaseId: null,
      endedAt: expect.any(Date),
      attempts: [{ attempt: 1, status: 204, error: null, manual: false }],
    });
  });

  it('repeats a message that was not taken, with the same id, until it is', async () => {
    const shaky = await receiver((response, _call, number) => void response.writeHead(number < 3 ? 500 : 200).end('sorry'));
    const id = await sending.addMessage(shaky.url);
    sending.startSender();
    await settled(id);
    expect(shaky.calls.map(({ headers }) => [headers['webhook-id'], headers['x-webhook-attempt']])).toEqual([
      [id, '1'],
      [id, '2'],
      [id, '3'],
    ]);
    expect(new Set(shaky.calls.map(({ body }) => body.toString())).size).toBe(1);
    expect((await sending.message(id)).attempts).toMatchObject([
      { status: 500, error: 'the receiver answers with status 500', answer: 'sorry' },
      { status: 500 },
      { status: 200, error: null, answer: 'sorry' },
    ]);
  });

  const failures: readonly (readonly [string, Answer, string | RegExp])[] = [
    ['always answers 500', withStatus(500), 'status 500'],
    ['answers 404', withStatus(404), 'status 404'],
    ['never answers', never, tooLate],
    ['resets the connection', (response) => void response.socket?.resetAndDestroy(), 'cannot be reached'],
    ['hangs up without an answer', (response) => void response.socket?.end(), 'cannot be reached'],
    ['answers a byte now and then', (response) => drip(response, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), tooLate],
    ['answers no HTTP', (response) => void response.socket?.end('220 smtp.example.org ESMTP\r\n'), 'not valid HTTP'],
    ['answers with a head of a megabyte', (response) => hugeHead(response), 'not valid HTTP'],
  ];

  it.each(failures)('gives up on a receiver that %s, and says why', async (_name, answer, reason) => {
    const failing = await receiver(answer);
    const id = await sending.addMessage(failing.url);
    sending.startSender(reason === tooLate ? { timings: { timeoutMs: 1_500 } } : {});
    await settled(id);
    const { state, attempts, lastError } = await sending.message(id);
    expect([state, attempts.length]).toEqual(['exhausted', 3]);
    expect(lastError).toMatch(reason);
    // On a loaded machine the time may be over before the receiver has heard of an attempt.
    if (reason !== tooLate) expect(failing.ids).toHaveLength(3);
    expect(new Set(failing.ids)).toEqual(new Set([id]));
  });

  it('gives up on a receiver that does not exist, or whose TLS is none', async () => {
    const closed = await Receiver.start(never);
    await closed.close();
    const plain = await receiver(withStatus(200));
    const ids = [await sending.addMessage(closed.url), await sending.addMessage(plain.url.replace('http:', 'https:'))];
    sending.startSender();
    for (const id of ids) {
      await settled(id);
      expect(await sending.message(id)).toMatchObject({ state: 'exhausted', lastError: 'the server cannot be reached' });
    }
    expect(plain.calls).toEqual([]);
  });

  it('follows no redirect: the place it leads to sees no connection', async () => {
    const canary = await receiver(withStatus(200));
    const redirecting = await receiver((response, _call, number) => {
      response.writeHead([301, 302, 307][number - 1] ?? 308, { Location: canary.url }).end();
    });
    const id = await sending.addMessage(redirecting.url);
    sending.startSender();
    await settled(id);
    expect(await sending.message(id)).toMatchObject({ state: 'exhausted', lastError: expect.stringContaining('redirect') });
    expect(canary.connections).toBe(0);
  });

  it('connects nowhere when a name that was public leads inside by now', async () => {
    const canary = await receiver(withStatus(200));
    const { port } = new URL(canary.url);
    const id = await sending.addMessage(`http://hooks.example.org:${port}/hook`);
    sending.startSender({ networks: [], lookup: async () => [{ address: '127.0.0.1', family: 4 }] });
    await settled(id);
    expect(await sending.message(id)).toMatchObject({
      state: 'exhausted',
      lastError: 'this address is not allowed, or its host is unknown',
    });
    expect(canary.connections).toBe(0);
  });

  it('calls a receiver no more that answers 410', async () => {
    const gone = await receiver(withStatus(410));
    const id = await sending.addMessage(gone.url);
    sending.startSender();
    await settled(id);
    expect([await sending.state(id), gone.calls.length]).toEqual(['cancelled', 1]);
  });

  it('takes the head for the answer: a body that drips or has 10 MB changes nothing', async () => {
    const dripping = await receiver((response) => {
      response.writeHead(200, { 'Content-Length': '100' }).flushHeaders();
      drip(response, 'x'.repeat(100));
    });
    const flooding = await receiver((response) => void response.writeHead(200).end(Buffer.alloc(10 * 1024 ** 2, 'y')));
    const dripped = await sending.addMessage(dripping.url);
    // The body lasts for 15 s.
    sending.startSender({ timings: { timeoutMs: 1_500 } });
    await settled(dripped);
    expect(await sending.state(dripped)).toBe('delivered');
    await sending.stopSenders();
    const flooded = await sending.addMessage(flooding.url);
    sending.startSender();
    await settled(flooded);
    expect(await sending.message(flooded)).toMatchObject({ state: 'delivered', attempts: [{ answer: 'y'.repeat(1024) }] });
  });

  it('waits as long as a receiver asks for', async () => {
    const busy = await receiver(withStatus(503, { 'Retry-After': '3600' }));
    const id = await sending.addMessage(busy.url);
    sending.startSender();
    await until(async () => (await sending.message(id)).attempt === 1);
    const { state, runAfter } = await sending.message(id);
    expect(state).toBe('pending');
    expect((runAfter.getTime() - Date.now()) / 1_000).toBeGreaterThan(3_500);
    expect((runAfter.getTime() - Date.now()) / 1_000).toBeLessThanOrEqual(3_600);
  });

  it('R12: lets 10,000 messages to a dead receiver delay no other', async () => {
    const dead = await receiver(never);
    const healthy = await receiver(withStatus(200));
    await sending.addMessages(dead.url, 10_000);
    sending.startSender({ timings: noDeadline });
    await until(() => dead.calls.length >= 2);
    for (let message = 0; message < 20; message++) {
      const id = await sending.addMessage(healthy.url);
      await until(() => healthy.ids.includes(id));
    }
    // All were sent while the dead one held on to its first two.
    expect(dead.calls).toHaveLength(2);
    expect(dead.atOnce).toBe(2);
  });

  it('looks at a few receivers at a time, goes on where it was, and finds what is due wherever that is', async () => {
    const queue = sending.queue({ originsMax: 2 });
    const limits = { limit: 32, perOrigin: 2, slowOrigins: [], slowLimit: 16, leaseMs: shortTimings.leaseMs };
    const claim = async () => (await queue.claim(limits)).map(({ id }) => id).sort();
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) ids.push(await sending.addMessage(`http://${name}.example`));
    expect([await claim(), await claim(), await claim()]).toEqual([ids.slice(0, 2).sort(), ids.slice(2, 4).sort(), ids.slice(4)]);
    expect(await claim()).toEqual([]);
    // From the middle on it finds what stands before it, and one that waits alone among those that are not due.
    const early = await sending.addMessage('http://c.example');
    expect(await claim()).toEqual([early]);
    const first = await sending.addMessage('http://a.example');
    expect([await claim(), await claim()]).toEqual([[first], []]);
  });

  it('finds the one message that is due in two statements, however many receivers wait for another attempt', async () => {
    await sending.database.$executeRaw`
      WITH added AS (
        INSERT INTO jobs.job (id, tenant_id, media_type, state, webhook_url)
        SELECT 'video_waiting_' || n, 1, 'video', 'finished', 'http://' || n || '.example/' FROM generate_series(1, 2000) AS n
        RETURNING id, webhook_url)
      INSERT INTO jobs.webhook_delivery (id, job_id, tenant_id, origin, is_due, run_after)
      SELECT 'msg_' || gen_random_uuid(), id, 1, webhook_url, false, now() + interval '1 hour' FROM added`;
    const statements = sending.countStatements();
    const queue = sending.queue({ originsMax: 2, database: statements.database });
    const limits = { limit: 32, perOrigin: 2, slowOrigins: [], slowLimit: 16, leaseMs: shortTimings.leaseMs };
    const due = await sending.addMessage('http://zzz.example');
    expect((await queue.claim(limits)).map(({ id }) => id)).toEqual([due]);
    expect(statements.count).toBe(2);
    // One whose time comes is found like any other.
    await sending.database.$executeRaw`UPDATE jobs.webhook_delivery SET run_after = now() WHERE job_id = 'video_waiting_1000'`;
    expect((await queue.claim(limits)).map(({ jobId }) => jobId)).toEqual(['video_waiting_1000']);
  });

  it('keeps room for receivers that answer, however many others are dead', async () => {
    const held: (() => void)[] = [];
    const holding: Answer = (response) => void held.push(() => void response.writeHead(500).end());
    const dead = await Promise.all(Array.from({ length: 24 }, () => receiver(holding)));
    const healthy = await receiver(withStatus(200));
    for (const { url } of dead) await sending.addMessages(url, 2);
    // By this clock only the dead ones ever take long.
    const clock = new FakeClock();
    sending.startSender({ clock, timings: { ...noDeadline, waitsMs: [0, 3_600_000] } });
    // Once round: it knows those that took long over an attempt.
    const attempts = () => sending.log.filter((line) => line.includes('"webhook attempt"')).length;
    await until(() => {
      clock.advance(shortTimings.slowMs);
      for (const answer of held.splice(0)) answer();
      return attempts() === 2 * dead.length;
    });
    for (const { url } of dead) await sending.addMessages(url, 100);
    await until(() => held.length >= 16);
    for (let message = 0; message < 10; message++) {
      const id = await sending.addMessage(healthy.url);
      await until(() => healthy.ids.includes(id));
      expect(held).toHaveLength(16);
    }
  });

  it('holds 128 MiB of bodies at most, and sends the others afterwards', async () => {
    const open: (() => void)[] = [];
    const takers = await Promise.all(
      Array.from({ length: 3 }, () => receiver((response) => void open.push(() => void response.writeHead(200).end()))),
    );
    const ids = [];
    for (const { url } of takers) ids.push(await sending.addMessage(url, { text: 'x'.repeat(48 * 1024 ** 2) }));
    const small = await receiver(withStatus(200));
    sending.startSender({ timings: noDeadline });
    await until(() => open.length === 2);
    const id = await sending.addMessage(small.url);
    await settled(id);
    expect(open).toHaveLength(2);
    for (const answer of open.splice(0)) answer();
    await until(() => open.length === 1);
    open[0]?.();
    for (const one of ids) await settled(one);
    expect(takers.map(({ ids: received }) => received)).toEqual(ids.map((one) => [one]));
  });

  it('shares the messages with another gateway: each is sent once, two at a time to one receiver', async () => {
    const taker = await receiver((response) => void setTimeout(() => response.writeHead(200).end(), 10));
    const ids = await Promise.all(Array.from({ length: 60 }, () => sending.addMessage(taker.url)));
    sending.startSender();
    sending.startSender();
    await until(async () => (await sending.database.webhookDelivery.count({ where: { state: 'delivered' } })) === ids.length);
    expect(taker.ids.sort()).toEqual(ids.sort());
    // Two statements at the same moment don't see each other's leases.
    expect(taker.atOnceMax).toBeLessThanOrEqual(4);
  });

  it('gives a message back that is on its way when the gateway stops; the next one repeats it', async () => {
    let answers = false;
    const slow = await receiver((response) => void (answers && response.writeHead(200).end()));
    const id = await sending.addMessage(slow.url);
    sending.startSender({ timings: noDeadline });
    await until(() => slow.calls.length === 1);
    // Only the grace is waited for: the attempt itself would last longer than this test may.
    await sending.stopSenders();
    expect(await sending.message(id)).toMatchObject({ state: 'pending', leaseId: null, attempt: 0, attempts: [] });
    answers = true;
    sending.startSender();
    await settled(id);
    expect(slow.calls.map(({ headers }) => [headers['webhook-id'], headers['x-webhook-attempt']])).toEqual([
      [id, '1'],
      [id, '1'],
    ]);
  });

  it('lets a message come to its end that is nearly there when the gateway stops', async () => {
    const slow = await receiver((response) => void setTimeout(() => response.writeHead(200).end(), 100));
    const id = await sending.addMessage(slow.url);
    sending.startSender({ timings: { stopGraceMs: 60_000 } });
    await until(() => slow.calls.length === 1);
    await sending.stopSenders();
    expect(await sending.state(id)).toBe('delivered');
  });

  it('drops what an attempt came to when its lease is another’s by now', async () => {
    let finish = () => undefined as void;
    const slow = await receiver((response) => void (finish = () => void response.writeHead(200).end()));
    const id = await sending.addMessage(slow.url);
    sending.startSender();
    await until(() => slow.calls.length === 1);
    const leaseId = 'aaaaaaaa-0000-4000-8000-000000000000';
    await sending.database.webhookDelivery.update({ where: { id }, data: { leaseId, leaseUntil: new Date(Date.now() + 60_000) } });
    finish();
    await until(() => sending.log.some((line) => line.includes('came to nothing')));
    expect(await sending.message(id)).toMatchObject({ state: 'pending', leaseId, attempts: [] });
  });

  it('does not send what it cannot sign', async () => {
    const taker = await receiver(withStatus(200));
    const id = await sending.addMessage(taker.url, { secret: 'of another key' });
    const { jobId } = await sending.message(id);
    await sending.database.job.update({ where: { id: jobId }, data: { webhookSecret: Uint8Array.from([1, 2, 3]) } });
    sending.startSender();
    await settled(id);
    expect(await sending.message(id)).toMatchObject({ state: 'exhausted', lastError: expect.stringContaining('NIGHTJAR_SECRET_KEY') });
    expect(taker.connections).toBe(0);
  });

  it('makes the attempt that somebody asked for, whatever state the message is in, beside the schedule', async () => {
    let status = 500;
    const shaky = await receiver((response) => void response.writeHead(status).end());
    const id = await sending.addMessage(shaky.url);
    const sender = sending.startSender();
    const ask = async () => {
      const before = shaky.calls.length;
      await sending.database.webhookDelivery.update({ where: { id }, data: { redeliverAt: new Date() } });
      sender.nudge();
      await until(async () => shaky.calls.length > before && (await sending.message(id)).redeliverAt === null);
      const { state, attempt, attempts } = await sending.message(id);
      return [state, attempt, attempts.at(-1)?.manual, attempts.at(-1)?.status];
    };
    await settled(id);
    expect(await ask()).toEqual(['exhausted', 4, true, 500]);
    status = 200;
    expect(await ask()).toEqual(['delivered', 5, true, 200]);
    status = 500;
    expect(await ask()).toEqual(['delivered', 6, true, 500]);
    expect(shaky.calls.at(-1)?.headers).toMatchObject({ 'webhook-id': id, 'x-webhook-attempt': '6' });
  });

  it('goes on with the schedule where it was after a manual attempt that failed', async () => {
    const failing = await receiver(withStatus(500));
    const id = await sending.addMessage(failing.url);
    const sender = sending.startSender({ timings: { waitsMs: [0, 60_000, 60_000] } });
    await until(async () => (await sending.message(id)).attempt === 1);
    const { runAfter } = await sending.message(id);
    await sending.database.webhookDelivery.update({ where: { id }, data: { redeliverAt: new Date() } });
    sender.nudge();
    await until(async () => (await sending.message(id)).attempt === 2);
    expect(await sending.message(id)).toMatchObject({ state: 'pending', runAfter, redeliverAt: null });
  });

  it('writes one line for each attempt, without the secret, the path or the query', async () => {
    const shaky = await receiver((response, _call, number) => void response.writeHead(number === 1 ? 500 : 200).end());
    const id = await sending.addMessage(`${shaky.url}/hunter3?token=hunter4`, { secret: 'hunter2-is-the-secret' });
    sending.startSender();
    await settled(id);
    expect(shaky.calls[0]).toMatchObject({ url: '/hook/hunter3?token=hunter4' });
    const lines = sending.log.filter((line) => line.includes('webhook attempt'));
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { deliveryId: id, attempt: 1, status: 500, kind: 'retry', origin: new URL(shaky.url).origin },
      { deliveryId: id, attempt: 2, status: 200, kind: 'delivered' },
    ]);
    expect(sending.log.join('\n')).not.toMatch(/hunter/);
  });
});

describe('the sender of webhooks, when Postgres goes away', () => {
  it('keeps what an attempt came to until it can write it, and sends nothing twice', async () => {
    let road: CuttableRoad | undefined;
    const sending = await Sending.prepare((url) => (road = new CuttableRoad(new URL(url))).open());
    const receiver = await Receiver.start((response) => {
      void road?.cut().then(() => response.writeHead(200).end());
    });
    const id = await sending.addMessage(receiver.url);
    sending.startSender();
    await until(() => sending.log.some((line) => line.includes('"kind":"delivered"')));
    await road?.open();
    await until(async () => (await sending.message(id)).state === 'delivered');
    expect(receiver.ids).toEqual([id]);
    await sending.remove();
    await receiver.close();
    await road?.cut();
  });
});

/** Sends a text so slowly that no deadline of a test sees its end. */
function drip(response: Parameters<Answer>[0], text: string): void {
  const { socket } = response;
  let sent = 0;
  const timer = setInterval(() => void socket?.write(text[sent++] ?? ''), 150);
  socket?.once('close', () => clearInterval(timer)).on('error', () => undefined);
}

function hugeHead(response: Parameters<Answer>[0]): void {
  response.socket?.on('error', () => undefined).end(`HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(1024 ** 2)}\r\n\r\n`);
}
