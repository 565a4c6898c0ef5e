import multipart from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';
import { routes } from '../http/routes.js';
import { imageBatchBytesMax } from './image-batch.js';
import { guardIntake, IntakeBudget } from './intake.js';

/** Videos that are received at once: each is a file that grows and a connection, next to no memory. */
const videosAtOnce = 64;
/** What a form may hold beside its video. */
const formFrameBytesMax = 64 * 1024;
/** Bytes of image batches in memory at once, before they are parsed and decoded: what comes on top is a few times this. */
const batchBytesAtOnce = 256 * 1024 ** 2;

/** Prepares Fastify for the bodies of the submit routes: videos stay streams, forms are read part by part, image batches are JSON. */
export function prepareUploadRoutes(fastify: FastifyInstance, limits: { uploadBytesMax: number }): void {
  // Not awaited: plugins load when the app is initialised.
  void fastify.register(multipart);
  const asStream = (_request: unknown, payload: unknown, done: (error: null, body: unknown) => void) => done(null, payload);
  fastify.addContentTypeParser('application/octet-stream', asStream);
  fastify.addContentTypeParser(/^video\//, asStream);
  guardIntake(
    fastify,
    new Map([
      [
        routes.submitVideo,
        {
          accepts: /^(application\/octet-stream|multipart\/form-data|video\/.+)$/,
          assumedMediaType: 'application/octet-stream',
          // The store holds the video itself to its limit.
          bytesMax: limits.uploadBytesMax + formFrameBytesMax,
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
