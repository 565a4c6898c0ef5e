import type { FastifyReply } from 'fastify';

/** Aborts when the answer is over, or when the caller hung up before: nothing is done for nobody. */
export function untilGone({ raw }: Pick<FastifyReply, 'raw'>): AbortSignal {
  const gone = new AbortController();
  if (raw.closed) gone.abort();
  else raw.once('close', () => gone.abort());
  return gone.signal;
}
