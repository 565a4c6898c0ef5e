import { randomUUID } from 'node:crypto';
import type { Principal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** A picture of the largest cameras in base64, with room. */
const inferBodyBytesMax = 12 * 1024 * 1024;
/** Requests that are read, passed on or answered, in this process, and their bodies together: memory holds each up to four times. Full: 503. */
const requestsMax = 16;
const bytesMax = 48 * 1024 * 1024;
/** Of them for one user or key; a service of the installation may have all. */
const requestsOfOneMax = 6;
const retryAfterMs = 500;
const inferRoute = '/api/v1/infer/:adapter';
const correlationGrammar = /^[\x21-\x7e]{1,128}$/;

declare module 'fastify' {
  interface FastifyRequest {
    /** Goes with a request for inference to the adapter, to the bus and back. */
    correlationId?: string;
  }
}

/**
 * Lets larger bodies in on the route of inference, and no more of them than memory has room for: before they are read. Call it
 * after `enforcePolicies`, so that strangers are nobody here, and before the routes are added.
 */
export function admitInferBodies(fastify: FastifyInstance): void {
  const places = new Map<string, number>();
  let taken = 0;
  let bytes = 0;
  const admit = (request: FastifyRequest, reply: FastifyReply): void => {
    const caller = callerOf(request.principal);
    const ofCaller = places.get(caller) ?? 0;
    const size = sizeOf(request);
    if (taken >= requestsMax || bytes + size > bytesMax || (caller !== 'service' && ofCaller >= requestsOfOneMax))
      throw new AppError('overloaded', 'too many requests for inference are under way', { retryAfterMs });
    taken++;
    bytes += size;
    places.set(caller, ofCaller + 1);
    reply.raw.once('close', () => {
      taken--;
      bytes -= size;
      const left = (places.get(caller) ?? 1) - 1;
      if (left > 0) places.set(caller, left);
      else places.delete(caller);
    });
  };
  fastify.addHook('onRoute', (route) => {
    if (!route.url.startsWith(inferRoute)) return;
    route.bodyLimit = inferBodyBytesMax;
    route.onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
      request.correlationId = correlationOf(request);
      void reply.header('X-Correlation-Id', request.correlationId);
      if (request.method === 'POST') admit(request, reply);
    };
  });
}

/** Bytes of a body as announced; without a length as many as are read at all. A larger one is refused unread. */
function sizeOf({ headers }: FastifyRequest): number {
  const announced = headers['content-length'];
  return announced === undefined ? inferBodyBytesMax : Math.min(Number(announced), inferBodyBytesMax);
}

function correlationOf({ headers }: FastifyRequest): string {
  const given = headers['x-correlation-id'];
  return typeof given === 'string' && correlationGrammar.test(given) ? given : randomUUID().replaceAll('-', '');
}

function callerOf(principal: Principal | undefined): string {
  switch (principal?.kind) {
    case 'user':
      return `user ${principal.userId}`;
    case 'api_key':
      return `key ${principal.keyId}`;
    default:
      return 'service';
  }
}
