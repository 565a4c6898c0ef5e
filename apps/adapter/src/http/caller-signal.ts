import type { FastifyReply } from 'fastify';

const answered = new DOMException('the request was answered', 'AbortError');

/** Aborts when the request is over: when the caller hangs up, or was answered. */
export function signalOfCaller(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort(reply.raw.writableFinished ? answered : new DOMException('the caller hung up', 'AbortError'));
  if (reply.raw.closed) abort();
  else reply.raw.once('close', abort);
  return controller.signal;
}

/** The same, made when somebody asks for it: to make one and to abort it is a twentieth of a request that waits for nothing. */
export class Caller {
  private made: AbortSignal | undefined;

  constructor(private readonly reply: FastifyReply) {}

  get signal(): AbortSignal {
    return (this.made ??= signalOfCaller(this.reply));
  }
}
