import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { WebSocket } from 'ws';
import { WebSocketDoor } from './websocket-door.js';

describe('WebSocketDoor', () => {
  let app: FastifyInstance;
  let port: number;

  beforeEach(async () => {
    const door = new WebSocketDoor({ maxMessageBytes: 1_000, closeTimeoutMs: 1_000 });
    app = fastify({ forceCloseConnections: true, bodyLimit: 8 * 1024 * 1024 });
    app.get('/echo', async (request, reply) => {
      if (!door.isHandshake(request)) return 'plain';
      const socket = await door.open(request, reply, {});
      socket.on('message', (data) => socket.send(data));
      return reply;
    });
    app.post('/size', (request) => ({ letters: (request.body as string).length, upgrade: request.headers.upgrade ?? 'none' }));
    door.attach(app);
    await app.listen({ host: '127.0.0.1', port: 0 });
    ({ port } = app.server.address() as { port: number });
  });
  afterEach(() => app.close());

  /** What comes back for a request that is sent as it stands. */
  const send = async (...pieces: (string | Buffer)[]): Promise<string> => {
    const socket = connect({ host: '127.0.0.1', port });
    let answer = '';
    socket.on('data', (data) => (answer += data.toString('latin1')));
    for (const piece of pieces) {
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await once(socket, 'close');
    return answer;
  };

  it('lets a route speak WebSocket', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`);
    await once(socket, 'open');
    socket.send('hello');
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(data.toString()).toBe('hello');
    socket.terminate();
  });

  it('answers a client that offers HTTP/2 as if it had not, its body and the next request on the connection too', async () => {
    const body = Buffer.alloc(4 * 1024 * 1024, 65);
    const head = (route: string, more: string[]) => [`${route} HTTP/1.1`, 'Host: here', ...more, '', ''].join('\r\n');
    const offer = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA'];
    const answer = await send(
      head('POST /size', [...offer, 'Content-Type: text/plain', `Content-Length: ${body.length}`]),
      body.subarray(0, 10),
      body.subarray(10),
      head('GET /echo', ['Connection: close']),
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
    expect(answer).toContain(`{"letters":${body.length},"upgrade":"none"}`);
    expect(answer).toContain('plain');
  });

  it('answers a POST that asks for WebSocket as the POST it is', async () => {
    const answer = await send(
      'POST /size HTTP/1.1\r\nHost: here\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc',
    );
    expect(answer).toContain('{"letters":3,"upgrade":"none"}');
  });
});
