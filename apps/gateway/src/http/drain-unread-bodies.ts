import type { FastifyInstance } from 'fastify';

const lingerMs = 2_000;

/**
 * Lets a client whose body was refused read the answer. It may still be sending: what comes is thrown away for a short while,
 * then the connection is cut. Cutting at once would reset it before the client has seen the status.
 */
export function drainUnreadBodies(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    // Fastify would hang up behind a refusal of its own, and a client that still writes would hear of that in place of the answer.
    if (!request.raw.complete) reply.removeHeader('connection');
    done();
  });
  fastify.addHook('onResponse', (request, _reply, done) => {
    const { raw } = request;
    if (!raw.complete) {
      const cut = setTimeout(() => raw.destroy(), lingerMs).unref();
      // A form's parser that nobody reads from would hold it back.
      raw
        .once('close', () => clearTimeout(cut))
        .unpipe()
        .resume();
    }
    done();
  });
}
