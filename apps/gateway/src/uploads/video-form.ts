import type { Multipart } from '@fastify/multipart';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { isWebhookField, refuseWebhook } from '../webhooks/requested-webhook.js';
import type { IncomingVideo } from './submissions.js';

/** The documentation names no parts; these are ours. */
const videoPartNames = new Set(['video', 'file']);
/** The store counts the video's bytes itself. */
const limits = { files: 1, fields: 8, parts: 9, fieldSize: 8 * 1024, headerPairs: 50, fileSize: Infinity };

/**
 * Reads a multipart form up to its video, which is not read yet. Fields may stand before and behind it.
 * @throws AppError `invalid_argument` for a form that is damaged or has no part `video` or `file`
 */
export async function openVideoForm(request: FastifyRequest): Promise<IncomingVideo> {
  const parts = request.parts({ limits });
  const nextFile = async () => {
    for (;;) {
      const part = await nextPart(parts);
      if (!part || part.type === 'file') return part;
      if (isWebhookField(part.fieldname)) refuseWebhook(part.value);
    }
  };
  const file = await nextFile();
  if (!file || !videoPartNames.has(file.fieldname)) throw new AppError('invalid_argument', 'the form has no file part named video or file');
  return { body: file.file, readRest: async () => void (await nextFile()) };
}

async function nextPart(parts: AsyncIterableIterator<Multipart>): Promise<Multipart | undefined> {
  try {
    const { done, value } = await parts.next();
    return done ? undefined : value;
  } catch (cause) {
    throw new AppError('invalid_argument', 'the multipart form is damaged or has too many parts', { cause });
  }
}
