import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fact, rpc } from '@nightjar/contracts';
import { AppError, createLogger, sleep } from '@nightjar/runtime';
import { startTestBus, until } from '@nightjar/testing';
import { z } from 'zod';
import { Bus, WithBody } from './bus.js';

const logger = createLogger({ service: 'spec', level: 'silent' });
const double = rpc({ subject: 'spec.double', request: z.object({ n: z.number() }), reply: z.object({ n: z.number() }) });
const counted = fact({
  subject: (payload: { kind: string; n: number }) => `spec.counted.${payload.kind}`,
  pattern: 'spec.counted.*',
  payload: z.object({ kind: z.string(), n: z.number() }),
});

describe('the bus', () => {
  let server: Awaited<ReturnType<typeof startTestBus>>;
  let client: Bus;
  let service: Bus;
  const open = (name: string) => Bus.open({ url: server.url, name, logger });
  /** The server knows of what the service listens to: it has answered what was sent behind that. */
  const isHeard = () => service.requireConnection().flush();
  /** For what has to succeed, however busy the machine is. */
  const timeoutMs = 60_000;

  beforeAll(async () => {
    server = await startTestBus();
    client = open('client');
    service = open('service');
    const deadline = AbortSignal.timeout(timeoutMs);
    await Promise.all([client.ready(deadline), service.ready(deadline)]);
    service.serve(double, ({ n }) => {
      if (n === 13) throw new AppError('conflict', 'thirteen', { retryAfterMs: 70 });
      if (n === 14) throw new Error('the secret is hunter2');
      return { n: n * 2 };
    });
    await isHeard();
  });
  afterAll(async () => {
    await client.close();
    await service.close();
    await server.stop();
  });

  it('carries a question and its answer', async () => {
    await expect(client.request(double, { n: 21 }, { timeoutMs })).resolves.toEqual({ n: 42 });
  });

  it('carries an error of ours with its code, and nothing of any other error', async () => {
    await expect(client.request(double, { n: 13 }, { timeoutMs })).rejects.toMatchObject({
      code: 'conflict',
      message: 'thirteen',
      retryAfterMs: 70,
    });
    await expect(client.request(double, { n: 14 }, { timeoutMs })).rejects.toMatchObject({
      code: 'internal',
      message: 'internal error',
    });
  });

  it('refuses a question of another shape', async () => {
    await expect(client.request(double, { n: 'x' } as unknown as { n: number }, { timeoutMs })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });

  it('says unavailable at once when nobody serves', async () => {
    const nobody = rpc({ ...double, subject: 'spec.nobody' });
    await expect(client.request(nobody, { n: 1 }, { timeoutMs })).rejects.toMatchObject({
      code: 'unavailable',
      message: 'nobody answers spec.nobody',
    });
  });

  it('keeps the caller’s deadline and signal', async () => {
    const slow = rpc({ ...double, subject: 'spec.slow' });
    service.serve(slow, async ({ n }) => {
      await sleep(500);
      return { n };
    });
    await isHeard();
    await expect(client.request(slow, { n: 1 }, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
    await expect(client.request(slow, { n: 1 }, { timeoutMs, signal: AbortSignal.timeout(50) })).rejects.toBeInstanceOf(AppError);
  });

  it('carries bytes beside an answer', async () => {
    const picture = rpc({ subject: 'spec.picture', request: z.object({}), reply: z.object({ size: z.number() }) });
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 256);
    service.serve(picture, () => new WithBody({ size: bytes.length }, bytes));
    await isHeard();
    const { value, body } = await client.requestWithBody(picture, {}, { timeoutMs });
    expect(value.size).toBe(300_000);
    expect(Buffer.compare(Buffer.from(body), Buffer.from(bytes))).toBe(0);
  });

  it('tells facts to every listener, and a listener that throws or a strange payload harms nobody', async () => {
    const heard: number[] = [];
    service.on(counted, ({ n }) => {
      if (n === 1) throw new Error('x');
      heard.push(n);
    });
    await isHeard();
    client.publish(counted, { kind: 'a', n: 1 });
    client.publish(counted, { kind: 'a', n: 'two' } as unknown as { kind: string; n: number });
    client.publish(counted, { kind: 'b', n: 3 });
    // They come in the order in which they were told: with the last one all were here.
    await until(() => heard.length > 0);
    expect(heard).toEqual([3]);
  });

  it('opens without a server, says unavailable meanwhile, and closes', async () => {
    const lonely = Bus.open({ url: 'nats://127.0.0.1:1', name: 'lonely', logger });
    expect(lonely.connected).toBe(false);
    await expect(lonely.request(double, { n: 1 }, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'unavailable' });
    lonely.publish(counted, { kind: 'a', n: 1 });
    await lonely.close();
  });

  it('closes in the middle of connecting', async () => {
    for (const afterMs of [0, 1, 3, 10]) {
      const hasty = open('hasty');
      await sleep(afterMs);
      await hasty.close();
      expect(hasty.connected).toBe(false);
    }
  });
});
