import { AppError } from '@nightjar/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { requireInternalService } from './internal-key.js';

/** A picture of the largest cameras in base64, with room. */
const bodyBytesMax = 12 * 1024 * 1024;
/** Of larger bodies, all together, that are read or answered in this process: memory holds each up to four times. Full: 503. */
const largeBytesMax = 48 * 1024 * 1024;
const retryAfterMs = 500;
const route = '/api/v1/internal/camera-agent/events';

/**
 * Lets events with pictures in, and no more of them at once than memory has room for; those as small as any other body always. Call
 * it after `enforcePolicies`: the key is looked at before a body is read.
 * @param usualBytesMax what bodies of other routes may have
 */
export function admitEvidenceBodies(fastify: FastifyInstance, usualBytesMax: number): void {
  let bytes = 0;
  const admit = (request: FastifyRequest, reply: FastifyReply): void => {
    requireInternalService(request);
    const size = sizeOf(request);
    if (size <= usualBytesMax) return;
    if (bytes + size > largeBytesMax) throw new AppError('overloaded', 'too many events with pictures come at once', { retryAfterMs });
    bytes += size;
    reply.raw.once('close', () => (bytes -= size));
  };
  fastify.addHook('onRoute', (added) => {
    if (added.url.replace(/\/$/, '') !== route || ![added.method].flat().includes('POST')) return;
    added.bodyLimit = bodyBytesMax;
    added.onRequest = async (request: FastifyRequest, reply: FastifyReply) => admit(request, reply);
  });
}

/** Bytes of a body as announced; without a length as many as are read at all. A larger one is refused unread. */
function sizeOf({ headers }: FastifyRequest): number {
  const announced = headers['content-length'];
  return announced === undefined ? bodyBytesMax : Math.min(Number(announced), bodyBytesMax);
}
