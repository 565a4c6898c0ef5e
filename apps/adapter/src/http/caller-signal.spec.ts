import { once } from 'node:events';
import { request as send } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { Caller } from './caller-signal.js';

const opened: FastifyInstance[] = [];

/** A server that hands its callers over and answers when it is told to. */
async function open(): Promise<{ url: string; arrived: Promise<Caller>; answer: () => void; closed: Promise<unknown> }> {
  const app = fastify({ forceCloseConnections: true });
  opened.push(app);
  let answer = () => undefined as void;
  const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
  let tell: (told: { caller: Caller; closed: Promise<unknown> }) => void;
  const told = new Promise<{ caller: Caller; closed: Promise<unknown> }>((resolve) => (tell = resolve));
  app.get('/', async (_request, reply) => {
    tell({ caller: new Caller(reply), closed: once(reply.raw, 'close') });
    await mayAnswer;
    return 'answered';
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, arrived: told.then(({ caller }) => caller), answer, closed: told.then(({ closed }) => closed) };
}

describe('the signal of a caller', () => {
  afterEach(() => Promise.all(opened.splice(0).map((app) => app.close())));

  it('is one, and aborts when the caller was answered', async () => {
    const { url, arrived, answer, closed } = await open();
    const answered = fetch(url).then((reply) => reply.text());
    const caller = await arrived;
    const { signal } = caller;
    expect([signal.aborted, caller.signal === signal]).toEqual([false, true]);
    answer();
    expect(await answered).toBe('answered');
    await closed;
    expect((signal.reason as Error).message).toBe('the request was answered');
  });

  it('aborts when the caller hangs up', async () => {
    const { url, arrived, answer, closed } = await open();
    const request = send(url).on('error', () => undefined);
    request.end();
    const { signal } = await arrived;
    request.destroy();
    await closed;
    answer();
    expect((signal.reason as Error).message).toBe('the caller hung up');
  });

  it('has aborted already for whoever asks for it after the caller hung up', async () => {
    const { url, arrived, answer, closed } = await open();
    const request = send(url).on('error', () => undefined);
    request.end();
    const caller = await arrived;
    request.destroy();
    await closed;
    answer();
    expect((caller.signal.reason as Error).message).toBe('the caller hung up');
  });
});
