import { pause } from '@nightjar/runtime';
import type { FastifyInstance } from 'fastify';

const pollMs = 20;

/** Counts requests between their arrival and the last byte of their answer, so that a stop can wait for them. */
export class RequestsInFlight {
  private count = 0;

  /** Call before routes are added. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (_request, reply, done) => {
      this.count++;
      reply.raw.once('close', () => this.count--);
      done();
    });
  }

  /** Resolves when none is left, or at the deadline. */
  async finished(deadline: AbortSignal): Promise<void> {
    while (this.count > 0 && !deadline.aborted) await pause(pollMs, deadline);
  }
}
