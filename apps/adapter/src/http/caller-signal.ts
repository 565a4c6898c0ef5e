import type { FastifyReply } from 'fastify';

const answered = new DOMException('the request was answered', 'AbortError');

/** Aborts when the request is over: when the caller hangs up, or was answered. */
export function signalOfCaller(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () =>
    controller.abort(reply.raw.writableFinished ? answered : new DOMException('the caller hung up', 'AbortError')),
  );
  return controller.signal;
}
