import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '@nightjar/runtime/app-error';
import type { JsonShapeLimits } from '@nightjar/runtime/json-shape';
import type { FastifyInstance } from 'fastify';

/** For bodies that hold pictures and options and are read on the thread that answers everybody: some milliseconds of it at most. */
export const plainJsonShape: JsonShapeLimits = { levels: 64, containers: 20_000, texts: 50_000, commas: 200_000 };

/**
 * For tensors, which are read in a thread of their own when they are large. Enough for one of 800 x 800 x 3 written as numbers (a
 * larger one goes in binary), and little enough that no JSON body takes more than some times its size in memory.
 */
export const tensorJsonShape: JsonShapeLimits = { levels: 64, containers: 100_000, texts: 200_000, commas: 2_000_000 };

/**
 * Refuses bodies before they are read: HTML forms, which no route takes and whose parser makes millions of fields of 32 MiB, and what
 * is packed. The Open Inference Protocol's routes read bytes, whatever a client calls them, and unpack them.
 */
export function refuseStrangeBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    done(request.notes?.surface === 'oip' ? undefined : strangenessOf(request.headers));
  });
}

function strangenessOf(headers: IncomingHttpHeaders): AppError | undefined {
  if (/^application\/x-www-form-urlencoded *(;|$)/i.test(headers['content-type'] ?? ''))
    return new AppError('unsupported_media_type', 'send application/json or multipart/form-data');
  if (!/^(identity)?$/i.test(headers['content-encoding'] ?? ''))
    return new AppError('unsupported_media_type', 'send the body as it is, without Content-Encoding');
  return undefined;
}
