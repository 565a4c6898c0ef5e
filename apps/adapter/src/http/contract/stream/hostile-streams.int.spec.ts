import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import type { AdapterHttp } from '../../adapter-http.js';
import { AdapterFixture } from '../../adapter.fixture.js';
import { blackPixel } from '../sample-frames.fixture.js';
import { failureOf, StreamClient } from './stream-client.fixture.js';

const megabyte = 1024 * 1024;

/**
 * A client that asks and asks and never reads an answer, until it is hung up on. In a process of its own: what it holds is not the
 * server's. Its input is what it sends first, and then again and again; it ends with the number of bytes that it could send.
 */
const deafClient = `
const { once } = require('node:events');
const { port, first, more } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const socket = require('node:net').connect({ host: '127.0.0.1', port }).on('error', () => undefined).pause();
const pieces = Buffer.from(more, 'base64');
(async () => {
  await once(socket, 'connect');
  socket.write(Buffer.from(first, 'base64'));
  let sentBytes = 0;
  while (!socket.destroyed && sentBytes < 400 * 1024 * 1024) {
    const isTaken = socket.write(pieces);
    sentBytes += pieces.length;
    if (!isTaken) await Promise.race(['drain', 'close'].map((event) => once(socket, event).catch(() => undefined)));
  }
  process.stdout.write(JSON.stringify({ hungUp: socket.destroyed, sentBytes }));
})();
`;

describe('clients of /infer/stream that mean harm', () => {
  let adapter: AdapterFixture;
  /** Waits longer than a loaded machine makes anybody pause. */
  let http: AdapterHttp;
  /** Drops who does not answer in a moment. */
  let strict: AdapterHttp;
  let url: string;

  beforeAll(async () => {
    adapter = await AdapterFixture.start();
    const limits = { handshakeMs: 60_000, bufferedBytesMax: 64 * 1024 };
    http = await adapter.open({ streamLimits: limits });
    strict = await adapter.open({ streamLimits: { ...limits, pingEveryMs: 200, stuckMs: 500 } });
    url = `${http.url}/contract/infer/stream`;
  });
  const dialled: Socket[] = [];
  afterAll(async () => {
    for (const socket of dialled) socket.destroy();
    await adapter.close();
  });

  /** A connection that has sent a handshake and says what it gets. */
  const dial = async (lines: readonly string[] = [], server = http) => {
    const { hostname, port } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    dialled.push(socket);
    const received: Buffer[] = [];
    socket.on('data', (data) => received.push(data)).on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(upgradeRequest(lines));
    await until(() => Buffer.concat(received).includes('\r\n\r\n'));
    const bytes = () => Buffer.concat(received);
    return { socket, answer: () => bytes().toString('latin1'), frames: () => bytes().subarray(bytes().indexOf('\r\n\r\n') + 4) };
  };
  const ended = (socket: Socket) => until(() => socket.readableEnded || socket.destroyed);
  const isWell = async () => {
    const client = await StreamClient.start(url);
    client.sendFrame(1, blackPixel);
    expect(failureOf((await client.resultsOf(1))[0]!)).toBeUndefined();
    client.socket.terminate();
  };
  /** Code of the close frame that comes as the last of the frames. */
  const closeCodeOf = async ({ socket, frames }: { socket: Socket; frames: () => Buffer }) => {
    await until(() => frames().includes(0x88) && frames().length >= frames().lastIndexOf(0x88) + 4);
    socket.destroy();
    return frames().readUInt16BE(frames().lastIndexOf(0x88) + 2);
  };

  it('are given no compression, and are closed when they compress all the same', async () => {
    const offer = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; server_max_window_bits=10';
    // 64 MB of zeros in 64 kB.
    const bomb = maskedFrame(0xc1, deflateRawSync(Buffer.alloc(64 * megabyte)));
    const client = await dial([offer]);
    expect(client.answer()).toContain('101 Switching Protocols');
    expect(client.answer().toLowerCase()).not.toContain('sec-websocket-extensions');
    client.socket.write(bomb);
    expect(await closeCodeOf(client)).toBe(1002);
    await isWell();
  });

  it('are closed when a message declares more than may come, before it comes', async () => {
    for (const size of [17n * BigInt(megabyte), 2n ** 53n, 2n ** 63n]) {
      const client = await dial();
      const header = Buffer.alloc(14);
      header.set([0x82, 0xff]);
      header.writeBigUInt64BE(size, 2);
      client.socket.write(header);
      expect(await closeCodeOf(client)).toBe(1009);
    }
    await isWell();
  });

  it.each<[string, Buffer, number]>([
    ['an unmasked frame', Buffer.from([0x81, 0x02, 0x7b, 0x7d]), 1002],
    ['text that is no UTF-8', maskedFrame(0x81, Buffer.from([0xc3, 0x28])), 1007],
    ['an unknown opcode', maskedFrame(0x83, Buffer.from('{}')), 1002],
    ['a continuation of nothing', maskedFrame(0x80, Buffer.from('{}')), 1002],
    ['a ping that is too long', maskedFrame(0x89, Buffer.alloc(126)), 1002],
    [
      'twenty thousand fragments',
      Buffer.concat([maskedFrame(0x01, Buffer.from('{')), ...Array.from({ length: 20_000 }, () => maskedFrame(0x00, Buffer.from(' ')))]),
      1008,
    ],
  ])('are closed by the protocol after %s', async (_what, bytes, code) => {
    const client = await dial();
    client.socket.write(bytes);
    expect(await closeCodeOf(client)).toBe(code);
  });

  it('are closed after a megabyte of text, first or later', async () => {
    const text = JSON.stringify({ type: 'handshake', client_id: 'x'.repeat(megabyte), frame_transport: 'websocket' });
    const first = await StreamClient.open(url);
    first.send(text);
    expect(await first.end()).toEqual({ code: 4001, reason: 'control message too large' });
    const later = await StreamClient.start(url);
    later.send(text);
    expect(await later.end()).toEqual({ code: 4001, reason: 'control message too large' });
  });

  it('are closed after 20 MiB in one message', async () => {
    const client = await StreamClient.start(url);
    client.sendFrame(1, Buffer.alloc(20 * megabyte));
    expect((await client.end()).code).toBe(1009);
  });

  it('get ten thousand frames answered in their order, nearly all with a refusal', async () => {
    const client = await StreamClient.start(url);
    for (let seq = 0; seq < 10_000; seq++) client.sendFrame(seq, blackPixel);
    const results = await client.resultsOf(10_000);
    expect(results.map(({ seq }) => seq)).toEqual(Array.from({ length: 10_000 }, (_, seq) => seq));
    const outcomes = new Set(results.map((result) => failureOf(result)));
    expect([...outcomes].sort()).toEqual(['overloaded/backpressure', undefined]);
    expect(adapter.pool.status).toMatchObject({ deaths: 0, queued: 0 });
    client.socket.terminate();
  });

  it('are not read from, and then dropped, when they take no answers', async () => {
    const { port } = new URL(strict.url);
    const hello = maskedFrame(0x81, Buffer.from('{"type":"handshake","client_id":"deaf","frame_transport":"websocket"}'));
    const stats = Buffer.concat(Array.from({ length: 10_000 }, () => maskedFrame(0x81, Buffer.from('{"type":"stats"}'))));
    const beforeBytes = process.memoryUsage.rss();
    let mostBytes = beforeBytes;
    const look = setInterval(() => (mostBytes = Math.max(mostBytes, process.memoryUsage.rss())), 5);
    const client = spawn(process.execPath, ['-e', deafClient], { stdio: ['pipe', 'pipe', 'inherit'] });
    const first = Buffer.concat([upgradeRequest(), hello]).toString('base64');
    client.stdin.end(JSON.stringify({ port: Number(port), first, more: stats.toString('base64') }));
    const words: Buffer[] = [];
    client.stdout.on('data', (data: Buffer) => words.push(data));
    await once(client, 'close');
    clearInterval(look);
    const { hungUp, sentBytes } = JSON.parse(Buffer.concat(words).toString()) as { hungUp: boolean; sentBytes: number };
    expect(hungUp).toBe(true);
    // Far less than it would have sent.
    expect(sentBytes).toBeLessThan(100 * megabyte);
    expect((mostBytes - beforeBytes) / megabyte).toBeLessThan(256);
    await isWell();
  });

  it('are dropped when they do not answer a ping', async () => {
    const { socket } = await dial([], strict);
    socket.write(maskedFrame(0x81, Buffer.from('{"type":"handshake","client_id":"dead","frame_transport":"websocket"}')));
    await ended(socket);
    socket.destroy();
  });

  it('do not keep a connection that was refused, though they never close it', async () => {
    const guarded = await adapter.open({ credentials: { apiKey: undefined, token: 'the-token' } });
    const { hostname, port } = new URL(guarded.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    let answer = '';
    socket.on('data', (data) => (answer += data.toString('latin1')));
    socket.write(
      'GET /contract/infer/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await ended(socket);
    expect(answer).toContain('401 Unauthorized');
    expect(answer).toContain('auth_missing');
    await guarded.requests.finished(AbortSignal.timeout(60_000));
    await until(() => connectionsOf(guarded).then((count) => count === 0));
    socket.destroy();
  });

  it.each([
    ['without a key', ['Sec-WebSocket-Version: 13']],
    ['with a short key', ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: abc']],
    ['of another version', ['Sec-WebSocket-Version: 8', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']],
  ])('are answered with an envelope when they send a handshake %s', async (_what, lines) => {
    const { hostname, port } = new URL(http.url);
    const socket = connect({ host: hostname, port: Number(port) });
    dialled.push(socket);
    let answer = '';
    socket.on('data', (data) => (answer += data.toString('latin1')));
    socket.write(
      ['GET /contract/infer/stream HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket', ...lines, '', ''].join('\r\n'),
    );
    await ended(socket);
    expect(answer).toContain('400 Bad Request');
    expect(answer).toContain('malformed_input');
  });

  it('may send anything: two hundred streams of noise, and of messages cut and mixed', async () => {
    const random = pseudoRandom(4_711);
    const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)]!;
    const words = [
      '{"type":"handshake","client_id":"c","frame_transport":"websocket"}',
      '{"type":"frame","seq":1,"ts_ms":0,"content_type":"image/jpeg"}',
    ];
    const noise = () => Buffer.from(Array.from({ length: 200 }, () => Math.floor(random() * 256)));
    const cut = () => Buffer.from(pick(words).slice(0, Math.floor(random() * 80)));
    for (let batch = 0; batch < 10; batch++) {
      const sockets = await Promise.all(Array.from({ length: 20 }, async () => (await dial()).socket));
      for (const socket of sockets) {
        socket.write(maskedFrame(0x81, Buffer.from(words[0]!)));
        for (let index = 0; index < 5; index++)
          socket.write(random() < 0.5 ? maskedFrame(pick([0x81, 0x82, 0x01, 0x80, 0x89, 0x88]), pick([noise, cut])()) : noise());
        socket.end();
      }
      await Promise.all(sockets.map(ended));
      for (const socket of sockets) socket.destroy();
    }
    await isWell();
  });

  it('leave nothing behind', async () => {
    for (const { url: server } of [http, strict])
      await until(async () => /^adapter_stream_connections_active 0$/m.test(await (await fetch(`${server}/contract/metrics`)).text()));
    await isWell();
    expect(adapter.pool.status).toMatchObject({ deaths: 0, queued: 0, busy: 0 });
  });
});

function connectionsOf({ app }: AdapterHttp): Promise<number> {
  return new Promise((resolve) =>
    (app.getHttpServer() as { getConnections(done: (error: unknown, count: number) => void): void }).getConnections((_error, count) =>
      resolve(count),
    ),
  );
}

/** What a client asks for a stream with. */
function upgradeRequest(lines: readonly string[] = []): Buffer {
  const head = ['GET /contract/infer/stream HTTP/1.1', 'Host: adapter', 'Connection: Upgrade', 'Upgrade: websocket'];
  const key = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
  return Buffer.from([...head, ...key, ...lines, '', ''].join('\r\n'));
}

/** One frame as a client sends it, its first byte as given. */
function maskedFrame(firstByte: number, payload: Buffer): Buffer {
  const mask = Buffer.from([1, 2, 3, 4]);
  const masked = payload.map((byte, index) => byte ^ mask[index % 4]!);
  const length = payload.length < 126 ? Buffer.from([0x80 | payload.length]) : Buffer.from([0xff, ...lengthOf64(payload.length)]);
  return Buffer.concat([Buffer.from([firstByte]), length, mask, masked]);
}

function lengthOf64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
