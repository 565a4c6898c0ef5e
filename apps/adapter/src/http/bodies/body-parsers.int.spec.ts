import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { fastify, type FastifyInstance } from 'fastify';
import { Base64Text } from '../../intake/base64-text.js';
import { addBodyParsers, UnreadForm } from './body-parsers.js';

const picture = Buffer.alloc(400_000, 'some picture');
const opened: FastifyInstance[] = [];

/** A server whose handler answers with this status; `seen` is what it read. */
async function open(status: number): Promise<{ url: string; seen: Uint8Array[] }> {
  const app = fastify({ forceCloseConnections: true });
  opened.push(app);
  addBodyParsers(app);
  const seen: Uint8Array[] = [];
  app.post('/', async ({ body }, reply) => {
    const read =
      body instanceof UnreadForm ? (await body.read()).files.get('frame')! : await (body as { base64: Base64Text }).base64.decode();
    seen.push(read);
    return reply.code(status).send({ isWhole: Buffer.from(read).equals(picture) });
  });
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), seen };
}

function form(): FormData {
  const fields = new FormData();
  fields.set('frame', new Blob([picture]), 'frame.jpg');
  return fields;
}

async function send(url: string, kind: string): Promise<unknown> {
  const json = { body: JSON.stringify({ base64: picture.toString('base64') }), headers: { 'content-type': 'application/json' } };
  const answer = await fetch(url, { method: 'POST', ...(kind === 'form' ? { body: form() } : json) });
  return answer.json();
}

describe('the memory of a body', () => {
  afterEach(() => Promise.all(opened.splice(0).map((app) => app.close())));

  it.each(['form', 'JSON'])('is given back when a request was answered: %s', async (kind) => {
    const { url, seen } = await open(200);
    for (let count = 0; count < 3; count++) expect(await send(url, kind)).toEqual({ isWhole: true });
    await until(() => seen.every(({ length }) => length === 0));
    expect(seen.map(({ length }) => length)).toEqual([0, 0, 0]);
  });

  it.each(['form', 'JSON'])('stays where a request failed, for an engine process may be at work for it: %s', async (kind) => {
    const { url, seen } = await open(500);
    expect(await send(url, kind)).toEqual({ isWhole: true });
    // A second one on the same connection: whatever follows the first answer has been done.
    await send(url, kind);
    expect(Buffer.from(seen[0]!).equals(picture)).toBe(true);
  });

  it('is each request’s own when they follow each other without waiting', async () => {
    const { url, seen } = await open(200);
    const { port } = new URL(url);
    const body = JSON.stringify({ base64: picture.toString('base64') });
    const request = `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const socket = connect(Number(port), '127.0.0.1');
    let answered = '';
    socket.on('data', (text) => (answered += text.toString()));
    // In pieces that hold the end of one request and the beginning of the next.
    const all = Buffer.from(request.repeat(6));
    for (let start = 0; start < all.length; start += 65_521) socket.write(all.subarray(start, start + 65_521));
    await until(() => answered.split('{"isWhole":true}').length === 7 && seen.every(({ length }) => length === 0));
    expect(answered.match(/\{.*?\}/g)).toEqual(new Array(6).fill('{"isWhole":true}'));
    socket.end();
    await once(socket, 'close');
  });
});
