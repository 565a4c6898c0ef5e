import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sleep } from '@nightjar/runtime';
import { selfSignedCertificate, until } from '@nightjar/testing';
import { FrameResolver } from '../frame-resolver.js';
import { FramesDirectory } from '../frames-directory.js';
import { checkPicture } from '../picture-header.js';
import { parseNetwork, type Lookup } from '@nightjar/outbound';
import { RemoteFrames, type RemoteFramesOptions } from './remote-frames.js';
import { startServer, type ScriptedServer } from './servers.fixture.js';

const maxBytes = 1024 * 1024;
const timeoutMs = 60_000;
const loopback = parseNetwork('127.0.0.0/8')!;
const picture = Buffer.from('89504e470d0a1a0a0000000d4948445200000004000000040802000000', 'hex');

/** Writes for as long as anybody reads. */
async function pour(socket: Socket, piece: string | Buffer, waitMs = 0): Promise<void> {
  while (!socket.destroyed) {
    if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
    if (waitMs > 0) await sleep(waitMs);
  }
}
const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
const ok = 'HTTP/1.1 200 OK\r\n';
const chunk = (bytes: Buffer) => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

/** What the server does, by path. */
const scripts: Record<string, (socket: Socket, head: string) => void> = {
  '/picture': (socket) =>
    socket.end(Buffer.concat([Buffer.from(`${ok}Content-Type: text/html\r\nContent-Length: ${picture.length}\r\n\r\n`), picture])),
  '/echo': (socket, head) => socket.end(`${ok}Content-Length: ${head.length}\r\n\r\n${head}`),
  '/until-close': (socket) => socket.end(Buffer.concat([Buffer.from(`${ok}\r\n`), picture])),
  '/in-pieces': (socket) => {
    socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n`);
    for (const byte of picture) socket.write(chunk(Buffer.of(byte)));
    socket.end('0\r\n\r\n');
  },
  '/largest': (socket) => socket.end(Buffer.concat([Buffer.from(`${ok}Content-Length: ${maxBytes}\r\n\r\n`), Buffer.alloc(maxBytes, 7)])),
  '/drip': (socket) => {
    socket.write(`${ok}Content-Length: 1000\r\n\r\n`);
    void pour(socket, 'x', 1_000);
  },
  '/drip-headers': (socket) => {
    socket.write(ok);
    void pour(socket, 'a', 50);
  },
  '/silent': () => undefined,
  '/says-10-gib': (socket) => {
    socket.write(`${ok}Content-Length: ${10 * 1024 ** 3}\r\n\r\n`);
    void pour(socket, Buffer.alloc(64 * 1024));
  },
  '/only-says-10-gib': (socket) => void socket.write(`${ok}Content-Length: ${10 * 1024 ** 3}\r\n\r\n`),
  '/endless-404': (socket) => {
    socket.write('HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n');
    void pour(socket, chunk(Buffer.alloc(64 * 1024)));
  },
  '/a-byte-too-long': (socket) => socket.end(Buffer.concat([Buffer.from(`${ok}\r\n`), Buffer.alloc(maxBytes + 1)])),
  '/endless': (socket) => {
    socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n`);
    void pour(socket, chunk(Buffer.alloc(64 * 1024)));
  },
  '/says-more-than-it-sends': (socket) => socket.end(`${ok}Content-Length: 100\r\n\r\nonly this`),
  '/all-seams': (socket) => {
    socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n`);
    void pour(socket, '1\r\nx\r\n'.repeat(10_000));
  },
  '/gzip': (socket) => {
    socket.end(Buffer.concat([Buffer.from(`${ok}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`), bomb]));
  },
  '/brotli-of-gzip': (socket) => socket.end(`${ok}Content-Encoding: gzip, br\r\nContent-Length: 4\r\n\r\nxxxx`),
  '/identity': (socket) => socket.end(`${ok}Content-Encoding: Identity\r\nContent-Length: 4\r\n\r\nxxxx`),
  '/unsaid-gzip': (socket) => {
    socket.end(Buffer.concat([Buffer.from(`${ok}Content-Length: ${bomb.length}\r\n\r\n`), bomb]));
  },
  '/header-flood': (socket) => {
    socket.write(ok);
    void pour(socket, 'X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n');
  },
  '/one-long-header': (socket) => {
    socket.write(`${ok}X-Long: `);
    void pour(socket, 'a'.repeat(4_096));
  },
  '/early-hints': (socket) => void pour(socket, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 100),
  '/hint-flood': (socket) => void pour(socket, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
  '/continue-flood': (socket) => void pour(socket, 'HTTP/1.1 100 Continue\r\n\r\n'),
  '/trailer-flood': (socket) => {
    socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n0\r\n`);
    void pour(socket, 'X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n');
  },
  '/two-lengths': (socket) => socket.end(`${ok}Content-Length: 4\r\nContent-Length: 5\r\n\r\nxxxxx`),
  '/length-and-chunks': (socket) => socket.end(`${ok}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nxxxx\r\n0\r\n\r\n`),
  '/bad-chunk': (socket) => socket.end(`${ok}Transfer-Encoding: chunked\r\n\r\nzz\r\nxxxx\r\n0\r\n\r\n`),
  '/huge-chunk': (socket) => socket.end(`${ok}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nxxxx`),
  '/negative-length': (socket) => socket.end(`${ok}Content-Length: -1\r\n\r\n`),
  '/ssh': (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
  '/nul': (socket) => socket.end('\0'.repeat(1_000)),
  '/switches': (socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
  '/hangs-up': (socket) => socket.destroy(),
  '/resets': (socket) => socket.resetAndDestroy(),
  '/resets-later': (socket) => {
    socket.write(`${ok}Content-Length: 1000\r\n\r\nsome bytes`);
    setImmediate(() => socket.resetAndDestroy());
  },
};

describe('T16, T21, T22, T24: servers that mean harm', () => {
  let server: ScriptedServer;
  const open = (options: Partial<RemoteFramesOptions> = {}) =>
    new RemoteFrames({ maxBytes, networks: [loopback], ports: [server.port], ownPorts: [], ...options });
  const url = (path: string) => `http://127.0.0.1:${server.port}${path}`;
  const read = (path: string, options: Partial<RemoteFramesOptions> = {}) => open(options).read(url(path), { timeoutMs });

  beforeAll(async () => {
    server = await startServer((socket, head) => {
      const path = /^GET (\S+)/.exec(head)?.[1] ?? '';
      const [, status] = /^\/status\/(\d+)$/.exec(path) ?? [];
      if (status === undefined) scripts[path]!(socket, head);
      else socket.end(`HTTP/1.1 ${status} So\r\nContent-Length: 4\r\n\r\nxxxx`);
    });
  });
  afterAll(() => server.stop());

  it('are not all: a camera is read, whatever it calls its bytes and however it sends them', async () => {
    for (const path of ['/picture', '/until-close', '/in-pieces']) expect((await read(path)).equals(picture)).toBe(true);
    expect((await read('/largest')).equals(Buffer.alloc(maxBytes, 7))).toBe(true);
    expect((await read('/identity')).toString()).toBe('xxxx');
    await server.idle();
  });

  it('see a plain request: no compression, no cookie, no connection kept', async () => {
    const head = (await read('/echo')).toString();
    const [requestLine, ...headers] = head.split('\r\n').filter(Boolean);
    expect(requestLine).toBe('GET /echo HTTP/1.1');
    expect(headers.map((header) => header.replace(/^[^:]+/, (name) => name.toLowerCase())).sort()).toEqual([
      'accept-encoding: identity',
      'accept: image/jpeg, image/png, image/webp',
      'connection: close',
      `host: 127.0.0.1:${server.port}`,
      'user-agent: Nightjar',
    ]);
  });

  it.each([
    ['a byte a second', '/drip', 'deadline_exceeded'],
    ['headers that never end', '/drip-headers', 'deadline_exceeded'],
    ['silence', '/silent', 'deadline_exceeded'],
    ['a hint from time to time and never an answer', '/early-hints', 'deadline_exceeded'],
  ])('cannot hold the adapter with %s', async (_what, path, code) => {
    await expect(read(path, { timeoutMs: 300 })).rejects.toMatchObject({ code });
    await server.idle();
  });

  it.each([
    ['a length of 10 GiB', '/says-10-gib', 'payload_too_large'],
    ['a length of 10 GiB alone', '/only-says-10-gib', 'payload_too_large'],
    ['a 404 without end', '/endless-404', 'not_found'],
    ['a byte more than the limit', '/a-byte-too-long', 'payload_too_large'],
    ['a body without end', '/endless', 'payload_too_large'],
    ['a body in pieces of one byte', '/all-seams', 'invalid_argument'],
    ['a gzip bomb', '/gzip', 'invalid_argument'],
    ['a gzip bomb in brotli', '/brotli-of-gzip', 'invalid_argument'],
    ['a flood of headers', '/header-flood', 'invalid_argument'],
    ['one header without end', '/one-long-header', 'invalid_argument'],
    ['a flood of hints', '/hint-flood', 'invalid_argument'],
    ['leave to send a body that there is none of', '/continue-flood', 'invalid_argument'],
    ['a flood of trailers', '/trailer-flood', 'invalid_argument'],
    ['two lengths', '/two-lengths', 'invalid_argument'],
    ['a length beside chunks', '/length-and-chunks', 'invalid_argument'],
    ['a chunk of no length', '/bad-chunk', 'invalid_argument'],
    ['a chunk of 2^72 bytes', '/huge-chunk', 'invalid_argument'],
    ['a negative length', '/negative-length', 'invalid_argument'],
    ['the banner of another service', '/ssh', 'invalid_argument'],
    ['no text at all', '/nul', 'invalid_argument'],
    ['another protocol', '/switches', 'unavailable'],
    ['less than it announced', '/says-more-than-it-sends', 'unavailable'],
    ['a connection that is closed at once', '/hangs-up', 'unavailable'],
    ['a connection that is reset', '/resets', 'unavailable'],
    ['a reset in the middle', '/resets-later', 'unavailable'],
  ])('are refused with %s, and the connection ends', async (_what, path, code) => {
    const before = server.bytesWritten;
    // Beyond the patience of this test: no deadline ends what should end by itself.
    const unhurried = { timeoutMs: 600_000 };
    await expect(open(unhurried).read(url(path), unhurried)).rejects.toMatchObject({ name: 'AppError', code });
    await server.idle();
    // What lies in the buffers of two sockets, not the whole of it.
    expect(server.bytesWritten - before).toBeLessThan(maxBytes + 16 * 1024 * 1024);
  });

  it('make for errors that say what is wrong', async () => {
    await expect(read('/gzip')).rejects.toMatchObject({ message: "the server's answer is compressed (Content-Encoding)" });
    await expect(read('/says-10-gib')).rejects.toMatchObject({ message: `the answer has more than ${maxBytes} bytes` });
  });

  it('cannot pass off a gzip bomb as a picture', async () => {
    const bytes = await read('/unsaid-gzip');
    expect(bytes.length).toBeLessThan(maxBytes);
    expect(() => checkPicture(bytes)).toThrow('not a JPEG, PNG or WebP');
  });

  it.each([
    [404, 'not_found'],
    [410, 'not_found'],
    [201, 'invalid_argument'],
    [204, 'invalid_argument'],
    [206, 'invalid_argument'],
    [304, 'invalid_argument'],
    [401, 'invalid_argument'],
    [403, 'invalid_argument'],
    [418, 'invalid_argument'],
    [408, 'unavailable'],
    [429, 'unavailable'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ])('answer %d: that is %s', async (status, code) => {
    await expect(read(`/status/${status}`)).rejects.toMatchObject({ code });
    await server.idle();
  });

  it('on TLS must show a certificate for the name, which is what they are asked for', async () => {
    const servernames: string[] = [];
    const { key, cert } = selfSignedCertificate('camera.example.org');
    let requests = 0;
    const tls = createTlsServer({ key, cert, SNICallback: (name, done) => (servernames.push(name), done(null)) }, () => requests++);
    tls.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
    const { port } = tls.address() as AddressInfo;
    const lookup: Lookup = async () => [{ address: '127.0.0.1', family: 4 }];
    const frames = open({ ports: [port], lookup });
    await expect(frames.read(`https://camera.example.org:${port}/`, { timeoutMs })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: "the server's certificate is not valid",
    });
    expect([servernames, requests]).toEqual([['camera.example.org'], 0]);
    await new Promise((resolve) => tls.close(resolve));
  });

  it('are tried at each address of their name', async () => {
    const lookup: Lookup = async () => ['127.0.0.3', '127.0.0.1'].map((address) => ({ address, family: 4 }));
    const bytes = await open({ lookup }).read(`http://camera.example.org:${server.port}/picture`, { timeoutMs });
    expect(bytes.equals(picture)).toBe(true);
  });

  it('are left as soon as the caller hangs up', async () => {
    const caller = new AbortController();
    const before = server.connections;
    const reading = open().read(url('/drip'), { timeoutMs, signal: caller.signal });
    await until(() => server.connections > before);
    caller.abort(new DOMException('the caller hung up', 'AbortError'));
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    await server.idle();
  });
});

describe('R16: many frames from URLs at a time', () => {
  let server: ScriptedServer;
  beforeAll(async () => {
    server = await startServer((socket, head) => scripts[/^GET (\S+)/.exec(head)?.[1] ?? '']!(socket, head));
  });
  afterAll(() => server.stop());
  const open = (options: Partial<RemoteFramesOptions> = {}) =>
    new RemoteFrames({ maxBytes, networks: [loopback], ports: [server.port], ownPorts: [], ...options });

  it('are sixteen; the next is told to come back, until one has ended', async () => {
    const frames = open();
    const callers = Array.from({ length: 16 }, () => new AbortController());
    const held = callers.map(({ signal }) =>
      frames.read(`http://127.0.0.1:${server.port}/silent`, { timeoutMs, signal }).catch((error: Error) => error.name),
    );
    const next = () => frames.read(`http://127.0.0.1:${server.port}/picture`, { timeoutMs });
    await expect(next()).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1_000 });
    callers[0]!.abort();
    await held[0];
    expect((await next()).equals(picture)).toBe(true);
    for (const caller of callers) caller.abort();
    expect(await Promise.all(held)).toEqual(new Array(16).fill('AbortError'));
    await server.idle();
  });

  it('count a lookup that outlives its deadline until it has ended', async () => {
    const answers: ((addresses: { address: string; family: number }[]) => void)[] = [];
    const lookup: Lookup = () => new Promise((resolve) => answers.push(resolve));
    const frames = open({ lookup, timeoutMs: 20 });
    const read = () => frames.read(`http://camera.example.org:${server.port}/picture`, { timeoutMs });
    const late = await Promise.allSettled(Array.from({ length: 16 }, read));
    expect(late.map((result) => (result as PromiseRejectedResult).reason.code)).toEqual(new Array(16).fill('deadline_exceeded'));
    await expect(read()).rejects.toMatchObject({ code: 'overloaded' });
    for (const answer of answers) answer([{ address: '127.0.0.1', family: 4 }]);
    await sleep(0);
    await expect(read()).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(answers).toHaveLength(17);
  });

  it('share the memory of two', async () => {
    const stingy = await startServer((socket) => {
      socket.write(`${ok}Content-Length: ${maxBytes}\r\n\r\n`);
      socket.write(Buffer.alloc(maxBytes - 1));
    });
    try {
      const frames = open({ ports: [server.port, stingy.port], roomWaitMs: 50 });
      const caller = new AbortController();
      let refused = 0;
      const reads = Array.from({ length: 6 }, () =>
        frames.read(`http://127.0.0.1:${stingy.port}/`, { timeoutMs, signal: caller.signal }).catch((error: { code: string }) => {
          if (error.code === 'overloaded') refused++;
        }),
      );
      // Two wait for their last byte; four found no room in time.
      await until(() => refused === 4);
      // A small one needs none.
      expect((await frames.read(`http://127.0.0.1:${server.port}/picture`, { timeoutMs })).equals(picture)).toBe(true);
      caller.abort();
      await Promise.all(reads);
      expect(refused).toBe(4);
      // All of it is given back.
      for (let index = 0; index < 8; index++)
        expect(await frames.read(`http://127.0.0.1:${server.port}/largest`, { timeoutMs })).toHaveLength(maxBytes);
    } finally {
      await stingy.stop();
    }
  });

  it('wait in line for the memory, however long, and have all their time when they get it', async () => {
    const frames = open({ timeoutMs: 4_000, roomWaitMs: 60_000 });
    const requests = Array.from({ length: 3 }, () => new AbortController());
    const largest = (request: AbortController) =>
      frames.read(`http://127.0.0.1:${server.port}/largest`, { timeoutMs, signal: request.signal });
    await Promise.all(requests.slice(0, 2).map(largest));
    const third = largest(requests[2]!);
    // Longer than a download may take.
    expect(await Promise.race([third, sleep(4_500).then(() => 'waits')])).toBe('waits');
    requests[0]!.abort();
    expect(await third).toHaveLength(maxBytes);
  });

  it('of two each: one request has both, the other comes again', async () => {
    const frames = open({ roomWaitMs: 60_000 });
    const requests = Array.from({ length: 2 }, () => new AbortController());
    const largest = (request: AbortController) =>
      frames.read(`http://127.0.0.1:${server.port}/largest`, { timeoutMs, signal: request.signal });
    await Promise.all(requests.map(largest));
    const first = largest(requests[0]!);
    const second = largest(requests[1]!);
    const refused = await Promise.race([first.catch(() => 0), second.catch(() => 1)]);
    expect([0, 1]).toContain(refused);
    await expect([first, second][refused as number]).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1_000 });
    requests[refused as number]!.abort();
    expect(await [first, second][1 - (refused as number)]).toHaveLength(maxBytes);
  });
});

describe('frames by URL', () => {
  const directory = new FramesDirectory('/nonexistent', maxBytes);
  const read = (uri: string, remote?: RemoteFrames) =>
    new FrameResolver({ directory, bus: undefined, allowed: undefined, remote }).read(uri, { timeoutMs });

  it.each(['http://127.0.0.1/latest.jpg', 'https://example.org/latest.jpg', 'HTTP://example.org/'])(
    'are off by default: %s',
    async (uri) => {
      await expect(read(uri)).rejects.toMatchObject({
        code: 'invalid_argument',
        message: expect.stringContaining('NIGHTJAR_ADAPTER_URL_FRAMES'),
      });
    },
  );

  it('are read where they are on, and say nothing of a camera', async () => {
    const server = await startServer(scripts['/picture']!);
    const remote = new RemoteFrames({ maxBytes, networks: [loopback], ports: [server.port], ownPorts: [] });
    const { frame, bytes } = await read(`http://127.0.0.1:${server.port}/picture`, remote);
    expect(frame).toBeUndefined();
    expect(bytes.equals(picture)).toBe(true);
    await server.stop();
  });

  it.each([
    'ftp://example.org/',
    'file:///etc/passwd',
    'rtsp://example.org/',
    'http:example.org',
    ' http://example.org/',
    'data:image/png;base64,AAAA',
  ])('know no other scheme: %j', async (uri) => {
    const remote = new RemoteFrames({ maxBytes, networks: [loopback], ports: [], ownPorts: [] });
    await expect(read(uri, remote)).rejects.toMatchObject({ code: 'invalid_argument', message: 'Invalid frame URI' });
  });
});
