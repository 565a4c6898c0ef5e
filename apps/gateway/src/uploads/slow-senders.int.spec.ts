import type { IncomingMessage } from 'node:http';
import net from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { fastify as createFastify, type FastifyInstance } from 'fastify';
import { cutSlowSenders } from './slow-senders.js';

const windowMs = 600;
const bodyBytes = 100_000;

describe('the sender of a body', () => {
  let fastify: FastifyInstance;
  const seen: IncomingMessage[] = [];

  beforeAll(async () => {
    fastify = createFastify();
    cutSlowSenders(fastify, { bytesPerSecondMin: 1024, windowMs });
    fastify.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
    fastify.post('/taken', async (request) => {
      seen.push(request.raw);
      let bytes = 0;
      for await (const chunk of request.body as Readable) bytes += (chunk as Buffer).length;
      return { bytes };
    });
    fastify.post('/not-read-for-a-while', async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 3 * windowMs));
      let bytes = 0;
      for await (const chunk of request.body as Readable) bytes += (chunk as Buffer).length;
      return { bytes };
    });
    await fastify.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => fastify.close());

  function connect(route: string): { socket: net.Socket; answer: () => string; isCut: () => boolean } {
    const { port } = fastify.server.address() as net.AddressInfo;
    const socket = net.connect(port, '127.0.0.1');
    let answer = '';
    let cut = false;
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString())).on('error', () => undefined);
    socket.once('close', () => (cut = true));
    socket.write(`POST ${route} HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: ${bodyBytes}\r\n\r\n`);
    return { socket, answer: () => answer, isCut: () => cut };
  }

  it('that drips a byte at a time is cut, though it never falls silent', async () => {
    const { socket, answer, isCut } = connect('/taken');
    const drip = setInterval(() => socket.write('x'), 20);
    await until(isCut);
    clearInterval(drip);
    expect(answer()).toBe('');
    expect(seen.at(-1)?.destroyed).toBe(true);
  });

  it('that falls silent is cut', async () => {
    const { socket, isCut } = connect('/taken');
    socket.write(Buffer.alloc(100));
    await until(isCut);
  });

  it('that is slow, but keeps the pace, is heard to the end', async () => {
    const { socket, answer } = connect('/taken');
    for (let sent = 0; sent < bodyBytes; sent += 5_000) {
      socket.write(Buffer.alloc(5_000));
      await new Promise((resolve) => setTimeout(resolve, windowMs / 10));
    }
    await until(() => answer().includes(`{"bytes":${bodyBytes}}`));
    socket.destroy();
  });

  it('is not blamed for what waits to be read here', async () => {
    const { socket, answer } = connect('/not-read-for-a-while');
    socket.write(Buffer.alloc(bodyBytes));
    await until(() => answer().includes(`{"bytes":${bodyBytes}}`));
    socket.destroy();
  });
});
