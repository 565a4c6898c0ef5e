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
 * Refuses bodies of HTML forms before they are read: no route takes them, and their parser makes millions of fields of 32 MiB. The
 * Open Inference Protocol's routes read bytes, whatever a client calls them.
 */
export function refuseHtmlForms(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const isForm = /^application\/x-www-form-urlencoded *(;|$)/i.test(request.headers['content-type'] ?? '');
    done(
      isForm && request.notes?.surface !== 'oip'
        ? new AppError('unsupported_media_type', 'send application/json or multipart/form-data')
        : undefined,
    );
  });
}
