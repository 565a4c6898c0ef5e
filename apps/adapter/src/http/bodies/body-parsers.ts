import type { IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { AppError } from '@nightjar/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { BodyMemory } from '../../intake/body-memory.js';
import { maxPictureBytes } from '../../intake/picture-header.js';
import { cutJson, readJson } from './json-body.js';
import { readMultipartForm, type MultipartForm } from './multipart-form.js';
import { bodyTooLarge, readWhole } from './read-whole.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What was read of its body, and written for its answer; given back when it was answered well. */
    bodyMemory: BodyMemory | null;
  }
}

/** A form may have as many bytes as the largest picture, and what stands around its parts. */
const framingBytes = 256 * 1024;

/**
 * A JSON body that is larger, or has more beside its pictures, is read when nobody else's was in the same turn of the event loop. To
 * look through the one takes half a millisecond at worst, and a thousandth of that for a picture; to parse the other as long.
 */
const smallBodyBytes = 256 * 1024;
const smallRestBytes = 64 * 1024;

/** A form whose bytes were not read yet: most routes take none. */
export class UnreadForm {
  constructor(
    private readonly payload: IncomingMessage,
    private readonly contentType: string | undefined,
    private readonly memory: BodyMemory,
  ) {}

  /** Once. @throws AppError `payload_too_large`, `invalid_argument` when the body is damaged */
  async read(): Promise<MultipartForm> {
    const form = await readMultipartForm(await readWhole(this.payload, maxPictureBytes + framingBytes, this.memory), this.contentType);
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
    const memory = memoryOf(request);
    const bytes = await readWhole(payload, maxPictureBytes, memory);
    const isSmall = bytes.length <= smallBodyBytes;
    if (!isSmall) await ownTurn();
    const cut = cutJson(bytes);
    if (isSmall && cut.rest.length > smallRestBytes) await ownTurn();
    const parseRest = (text: string) => {
      let read: unknown;
      void parse(request, text, (error, value) => {
        if (error) throw new AppError('invalid_argument', error.message, { cause: error });
        read = value;
      });
      return read;
    };
    return readJson(cut, parseRest, memory);
  });
  fastify.addContentTypeParser('multipart/form-data', (request, payload, done) =>
    done(null, new UnreadForm(payload, request.headers['content-type'], memoryOf(request))),
  );
  fastify.decorateRequest('bodyMemory', null);
  fastify.addHook('onResponse', (request, reply, done) => {
    // After a failure, or when the caller left, an engine process may still be at work for this request, and its pictures be looked at
    // when it dies.
    if (reply.statusCode < 400 && reply.raw.writableFinished) request.bodyMemory?.giveBack();
    done();
  });
}

/** What the request's body and its answer take, until it was answered. */
export function memoryOf(request: FastifyRequest): BodyMemory {
  return (request.bodyMemory ??= new BodyMemory());
}
