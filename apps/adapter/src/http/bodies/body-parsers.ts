import type { IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { AppError } from '@nightjar/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { maxPictureBytes } from '../../intake/picture-header.js';
import { readJson } from './json-body.js';
import { readMultipartForm, type MultipartForm } from './multipart-form.js';
import { bodyTooLarge, readWhole } from './read-whole.js';

/** A form may have as many bytes as the largest picture, and what stands around its parts. */
const framingBytes = 256 * 1024;

/** A body that is larger is read when nobody else's was in the same turn of the event loop. */
const smallBodyBytes = 64 * 1024;

/** A form whose bytes were not read yet: most routes take none. */
export class UnreadForm {
  constructor(
    private readonly payload: IncomingMessage,
    private readonly contentType: string | undefined,
  ) {}

  /** Once. @throws AppError `payload_too_large`, `invalid_argument` when the body is damaged */
  async read(): Promise<MultipartForm> {
    const form = await readMultipartForm(await readWhole(this.payload, maxPictureBytes + framingBytes), this.contentType);
    const sizeBytes = [...form.files.values()].reduce((sum, { length }) => sum + length, 0);
    if (sizeBytes > maxPictureBytes) throw bodyTooLarge(maxPictureBytes);
    return form;
  }
}

/** Reads bodies so that a large one keeps nobody else waiting: JSON becomes the body itself, a form an UnreadForm. */
export function addBodyParsers(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  let lastTurn: Promise<void> = Promise.resolve();
  const ownTurn = () => (lastTurn = lastTurn.then(() => setImmediate()));
  fastify.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) => {
    const bytes = await readWhole(payload, maxPictureBytes);
    if (bytes.length > smallBodyBytes) await ownTurn();
    return readJson(bytes, (text) => {
      let read: unknown;
      void parse(request, text, (error, value) => {
        if (error) throw new AppError('invalid_argument', error.message, { cause: error });
        read = value;
      });
      return read;
    });
  });
  fastify.addContentTypeParser('multipart/form-data', (request, payload, done) =>
    done(null, new UnreadForm(payload, request.headers['content-type'])),
  );
}
