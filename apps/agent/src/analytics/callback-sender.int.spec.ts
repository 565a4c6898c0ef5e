import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AddressPolicy, CheckedFetch, parseNetwork, type Network } from '@nightjar/outbound';
import { createLogger, FakeClock, type Logger } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { Callback, type HttpCallback } from './callback-parameters.js';
import { CallbackSender } from './callback-sender.js';

let server: Server;
let sender: CallbackSender;
let received: { path: string; headers: IncomingHttpHeaders; body: unknown }[];
/** What the receiver answers to a path; 0: nothing at all. */
let statusOf: (path: string) => number;

const senderWith = (networks: readonly Network[], logger = createLogger({ service: 'agent', level: 'silent' })) =>
  new CallbackSender({
    client: new CheckedFetch({ policy: new AddressPolicy({ networks, ownPorts: new Set() }), exchangesMax: 64 }),
    clock: new FakeClock(),
    logger,
    retryPausesMs: [10, 10, 10],
  });
const callback = (path: string, more: object = {}): HttpCallback =>
  Callback.parse({ type: 'http', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, ...more }) as HttpCallback;

beforeEach(async () => {
  received = [];
  statusOf = () => 200;
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ path: request.url!, headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
      const status = statusOf(request.url!);
      if (status > 0) response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  sender = senderWith([parseNetwork('127.0.0.0/8')!]);
});

afterEach(async () => {
  await sender.flush(AbortSignal.abort());
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('CallbackSender', () => {
  it('posts events in order, with what the callback says of authorization and headers', async () => {
    const target = callback('/hook?key=1', {
      authorization: { type: 'basic', login: 'me', password: 'päss' },
      params: { headers: { 'X-Site': 'north' } },
    });
    for (const n of [1, 2, 3]) sender.send(target, { n });
    await until(() => received.length === 3);
    expect(received.map(({ body }) => body)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(received[0]).toMatchObject({
      path: '/hook?key=1',
      headers: {
        'content-type': 'application/json',
        'x-site': 'north',
        authorization: `Basic ${Buffer.from('me:päss').toString('base64')}`,
      },
    });
    await until(() => sender.waiting === 0);
  });

  it('tries again what may go better later, and gives up what is refused', async () => {
    let answers = 0;
    statusOf = (path) => (path === '/refuses' ? 403 : ++answers < 3 ? 503 : 204);
    sender.send(callback('/busy'), { n: 1 });
    sender.send(callback('/refuses'), { n: 2 });
    await until(() => sender.waiting === 0);
    expect(received.filter(({ path }) => path === '/busy')).toHaveLength(3);
    expect(received.filter(({ path }) => path === '/refuses')).toHaveLength(1);
    expect(sender.dropped).toBe(1);
  });

  it('gives up after four attempts', async () => {
    statusOf = () => 500;
    sender.send(callback('/broken'), { n: 1 });
    await until(() => sender.dropped === 1);
    expect(received).toHaveLength(4);
  });

  it('lets a dead address hold up nobody else, and bounds what waits for it', async () => {
    statusOf = (path) => (path === '/dead' ? 0 : 200);
    for (let n = 0; n < 40; n++) sender.send(callback('/dead'), { n });
    sender.send(callback('/alive'), { n: 41 });
    await until(() => received.some(({ path }) => path === '/alive'));
    expect(sender.dropped).toBe(7);
    await until(() => sender.waiting === 33);
  });

  it('keeps room for others while all addresses of one server are dead', async () => {
    const dead = createTcpServer(() => undefined);
    await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve));
    const at = (index: number) =>
      Callback.parse({ type: 'http', url: `http://127.0.0.1:${(dead.address() as AddressInfo).port}/camera${index}` }) as HttpCallback;
    // More than there is room for, from more addresses than exchanges at a time.
    for (let n = 0; n < 30; n++) for (let index = 0; index < 80; index++) sender.send(at(index), { n });
    expect(sender.waiting).toBe(512);
    const { dropped } = sender;
    for (let n = 0; n < 20; n++) sender.send(callback('/alive'), { n });
    // Each is out of the way when its answer is here, a moment after it was received.
    await until(() => received.length === 20 && sender.waiting <= 492);
    expect(received.map(({ body }) => body)).toEqual(Array.from({ length: 20 }, (_none, n) => ({ n })));
    // The dead server gave way: one of its events for each that came.
    expect([sender.dropped, sender.waiting]).toEqual([dropped + 20, 492]);
    await sender.flush(AbortSignal.abort());
    dead.close();
  });

  it('sends what waits in lines before it stops', async () => {
    for (let index = 0; index < 10; index++) for (let n = 0; n < 3; n++) sender.send(callback(`/line${index}`), { n });
    await sender.flush(AbortSignal.timeout(60_000));
    expect([received.length, sender.waiting, sender.dropped]).toEqual([30, 0, 0]);
  });

  it('does not go where the operator did not open the network', async () => {
    const careful = senderWith([]);
    careful.send(callback('/inside'), { n: 1 });
    await until(() => careful.dropped === 1);
    expect(received).toEqual([]);
    await careful.flush(AbortSignal.abort());
  });

  it('tells what became of each event, and does not fill the log with those of one server', async () => {
    const lines: unknown[] = [];
    const warn = (message: string, fields: object) => void lines.push([message, fields]);
    const careful = senderWith([], { warn } as unknown as Logger);
    const ends: (string | null)[] = [];
    for (let n = 0; n < 20; n++) careful.send(callback('/inside'), { n }, (failure) => ends.push(failure));
    await until(() => careful.dropped === 20);
    expect(new Set(ends)).toEqual(new Set(['this address is not allowed, or its host is unknown']));
    const { origin } = new URL(callback('/').url);
    expect(lines).toEqual([['events did not reach their callbacks', expect.objectContaining({ origin, count: 1, dropped: 1 })]]);
    await careful.flush(AbortSignal.abort());
    sender.send(callback('/taken'), { n: 1 }, (failure) => ends.push(failure));
    await until(() => ends.length === 21);
    expect(ends.at(-1)).toBeNull();
  });
});
