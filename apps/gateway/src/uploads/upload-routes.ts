import multipart from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';
import { routes } from '../http/routes.js';
import { imageBatchBytesMax } from './image-batch.js';
import { guardIntake, IntakeBudget } from './intake.js';
import { formFrameBytesMax } from './video-form.js';

/** Videos that are received at once: each is a file that grows and a connection, next to no memory. */
const videosAtOnce = 64;
/** Of the pieces of a resumable upload (tus 1.0.0). */
const pieceMediaType = 'application/offset+octet-stream';
/** A URL and a webhook. */
const urlSubmissionBytesMax = 64 * 1024;
const urlSubmissionsAtOnce = 256;
/** Bytes of image batches in memory at once, before they are parsed and decoded: what comes on top is a few times this. */
const batchBytesAtOnce = 256 * 1024 ** 2;

/** Prepares Fastify for the bodies of the submit routes: videos stay streams, forms are read part by part, image batches are JSON. */
export function prepareUploadRoutes(fastify: FastifyInstance, limits: { uploadBytesMax: number }): void {
  // Not awaited: plugins load when the app is initialised.
  void fastify.register(multipart);
  const asStream = (_request: unknown, payload: unknown, done: (error: null, body: unknown) => void) => done(null, payload);
  fastify.addContentTypeParser('application/octet-stream', asStream);
  fastify.addContentTypeParser(/^video\//, asStream);
  fastify.addContentTypeParser(pieceMediaType, asStream);
  const videos = new IntakeBudget(videosAtOnce);
  // The protocol counts the bytes of a piece. A creation may have none.
  const pieces = {
    kinds: [{ accepts: /^(|application\/offset\+octet-stream)$/, bytesMax: limits.uploadBytesMax, budget: videos, share: () => 1 }],
  };
  guardIntake(
    fastify,
    new Map([
      [
        routes.submitVideo,
        {
          assumedMediaType: 'application/octet-stream',
          kinds: [
            {
              accepts: /^(application\/octet-stream|multipart\/form-data|video\/.+)$/,
              // The store holds the video itself to its limit.
              bytesMax: limits.uploadBytesMax + formFrameBytesMax,
              budget: videos,
              share: () => 1,
            },
            {
              accepts: /^application\/json$/,
              bytesMax: urlSubmissionBytesMax,
              budget: new IntakeBudget(urlSubmissionsAtOnce),
              share: () => 1,
            },
          ],
        },
      ],
      [routes.uploads, pieces],
      [routes.upload, pieces],
      [
        routes.submitImages,
        {
          kinds: [
            {
              accepts: /^application\/json$/,
              bytesMax: imageBatchBytesMax,
              budget: new IntakeBudget(batchBytesAtOnce),
              share: (bodyBytes: number) => bodyBytes,
            },
          ],
        },
      ],
    ]),
  );
}
