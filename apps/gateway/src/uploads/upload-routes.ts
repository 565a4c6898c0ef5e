import type { FastifyInstance } from 'fastify';
import { routes } from '../http/routes.js';
import { imageBatchBytesMax } from './image-batch.js';
import { guardIntake, IntakeBudget } from './intake.js';

/** Videos that are received at once: each is a file that grows and a connection, next to no memory. */
const videosAtOnce = 64;
/** Bytes of image batches in memory at once, before they are parsed and decoded: what comes on top is a few times this. */
const batchBytesAtOnce = 256 * 1024 ** 2;

/** Prepares Fastify for the bodies of the submit routes: videos stay streams, image batches are JSON of up to 128 MiB. */
export function prepareUploadRoutes(fastify: FastifyInstance, limits: { uploadBytesMax: number }): void {
  const asStream = (_request: unknown, payload: unknown, done: (error: null, body: unknown) => void) => done(null, payload);
  fastify.addContentTypeParser('application/octet-stream', asStream);
  fastify.addContentTypeParser(/^video\//, asStream);
  guardIntake(
    fastify,
    new Map([
      [
        routes.submitVideo,
        {
          accepts: /^(application\/octet-stream|video\/.+)$/,
          assumedMediaType: 'application/octet-stream',
          bytesMax: limits.uploadBytesMax,
          budget: new IntakeBudget(videosAtOnce),
          share: () => 1,
        },
      ],
      [
        routes.submitImages,
        {
          accepts: /^application\/json$/,
          bytesMax: imageBatchBytesMax,
          budget: new IntakeBudget(batchBytesAtOnce),
          share: (bodyBytes: number) => bodyBytes,
        },
      ],
    ]),
  );
}
