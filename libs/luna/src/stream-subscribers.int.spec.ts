import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { StreamMessage } from '@nightjar/contracts';
import { createLogger, sleep } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { WebSocket, WebSocketServer } from 'ws';
import { StreamSubscribers } from './stream-subscribers.js';

const logger = createLogger({ service: 'agent', level: 'silent' });
/** All but `setInterval`. */
const timersLeftAlone = [
  ...(['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
  ...(['setTimeout', 'clearTimeout'] as const),
];
const message = (error: string): StreamMessage => ({ stream_status: 'in_progress', error, analytics_results: {} });

let server: Server;
let sockets: WebSocketServer;
let subscribers: StreamSubscribers;

beforeEach(async () => {
  subscribers = new StreamSubscribers({ logger });
  server = createServer();
  sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => subscribers.add(socket, request.url?.slice(1) ?? ''));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  subscribers.close();
  for (const socket of sockets.clients) socket.terminate();
  await new Promise((resolve) => server.close(resolve));
});

interface Client {
  socket: WebSocket;
  received: string[];
  closed: Promise<number>;
}

async function listen(streamId: string, options: WebSocket.ClientOptions = {}): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/${streamId}`, options);
  const received: string[] = [];
  socket.on('message', (data) => received.push((JSON.parse((data as Buffer).toString()) as StreamMessage).error ?? ''));
  const closed = new Promise<number>((resolve) => socket.once('close', (code) => resolve(code)));
  await new Promise((resolve) => socket.once('open', resolve));
  return { socket, received, closed };
}

describe('StreamSubscribers', () => {
  it('sends the messages of a stream to those who listen to it, and to nobody else', async () => {
    const [first, second, other] = await Promise.all([listen('a'), listen('a'), listen('b')]);
    subscribers.send('a', message('1'));
    await until(() => first.received.length === 1 && second.received.length === 1);
    expect(other.received).toEqual([]);
  });

  it('replaces what a slow listener did not take, and goes on with the newest', async () => {
    const [slow, fast] = await Promise.all([listen('a'), listen('a')]);
    slow.socket.pause();
    const padding = 'x'.repeat(100_000);
    for (let index = 0; index < 400; index++) {
      subscribers.send('a', message(`${index} ${padding}`));
      // Fast is who has taken the last one when the next one comes.
      while (fast.received.length <= index) await sleep(1);
    }
    slow.socket.resume();
    await until(() => slow.received.at(-1)?.startsWith('399 ') ?? false);
    expect(slow.received.length).toBeLessThan(400);
  });

  it('drops a listener that does not answer pings, and keeps one that does', async () => {
    // Pings go out when the spec says so: whoever gets no CPU for the time of one looks as silent as one that does not answer.
    jest.useFakeTimers({ doNotFake: timersLeftAlone });
    try {
      subscribers = new StreamSubscribers({ logger, pingEveryMs: 200 });
      let pongs = 0;
      sockets.on('connection', (socket) => socket.on('pong', () => pongs++));
      const [silent, alive] = await Promise.all([listen('a', { autoPong: false }), listen('a')]);
      for (let round = 1; round <= 3; round++) {
        jest.advanceTimersByTime(200);
        await until(() => pongs === round);
      }
      expect(await silent.closed).toBe(1006);
      expect(alive.socket.readyState).toBe(WebSocket.OPEN);
      expect(subscribers.count).toBe(1);
    } finally {
      jest.useRealTimers();
    }
  });

  it('closes with 1001 when the service stops', async () => {
    const client = await listen('a');
    subscribers.close();
    expect(await client.closed).toBe(1001);
  });

  it('closes with 1013 when there are too many', async () => {
    const clients = await Promise.all(Array.from({ length: 257 }, () => listen('a')));
    expect(await Promise.race(clients.map(({ closed }) => closed))).toBe(1013);
    expect(subscribers.count).toBe(256);
  });
});
