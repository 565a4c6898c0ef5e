// The least that a Fastify server can do with these bodies: read all of it, hash it, say how much it was.
import { createHash } from 'node:crypto';
import multipart from '@fastify/multipart';
import Fastify from 'fastify';
import { answerMessages } from './answer-messages.mjs';

const app = Fastify({ bodyLimit: 32 << 20 });
await app.register(multipart);
app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
const answer = (bytes) => ({ size_bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
app.post('/multipart', async (request) => {
  let bytes;
  for await (const part of request.parts()) if (part.type === 'file') bytes = await part.toBuffer();
  return answer(bytes);
});
app.post('/json', async (request) => answer(Buffer.from(request.body.input.frame.base64, 'base64')));
// A tensor is given back as it came, by either server.
app.post('/octets', async (request, reply) => reply.type('application/octet-stream').send(request.body));
const url = await app.listen({ host: '127.0.0.1', port: 0 });
answerMessages(async () => ({ url }));
