import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { Multipart } from '@fastify/multipart';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { FormWebhook } from '../webhooks/requested-webhook.js';
import type { IncomingVideo } from './submissions.js';

/** The documentation names no parts; these are ours. */
const videoPartNames = new Set(['video', 'file']);
/** The store counts the video's bytes itself. */
const fieldBytesMax = 8 * 1024;
/** What a form may hold beside its video. */
export const formFrameBytesMax = 64 * 1024;
/** Two files: a webhook that is sent with a file name counts as one. */
const limits = { files: 2, fields: 8, parts: 9, fieldSize: fieldBytesMax, headerPairs: 50, fileSize: Infinity };

/**
 * Reads a multipart form up to its video, which is not read yet. Fields may stand before and behind it.
 * @param webhookElsewhere what the request's headers name; the form's own counts more
 * @throws AppError `invalid_argument` for a form that is damaged or has no part `video` or `file`
 */
export async function openVideoForm(request: FastifyRequest, webhookElsewhere: unknown): Promise<IncomingVideo> {
  const frame = new FormFrame(request.raw);
  const parts = request.parts({ limits });
  const webhook = new FormWebhook();
  let isWebhookNew = false;
  const nextFile = async () => {
    for (;;) {
      const part = await nextPart(parts);
      if (!part || (part.type === 'file' && part.fieldname !== 'webhook')) return part;
      if (webhook.add(part.fieldname, part.type === 'file' ? await readText(part.file) : part.value)) isWebhookNew = true;
    }
  };
  const file = await Promise.race([nextFile(), frame.tooLarge]);
  if (!file || !videoPartNames.has(file.fieldname)) throw new AppError('invalid_argument', 'the form has no file part named video or file');
  frame.video = file.file;
  return {
    body: file.file,
    webhook: () => webhook.named ?? webhookElsewhere,
    readRest: async () => {
      isWebhookNew = false;
      if (await Promise.race([nextFile(), frame.tooLarge])) throw new AppError('invalid_argument', 'the form has more than one file');
      return isWebhookNew;
    },
  };
}

/**
 * Counts what a form holds beside its video. Parsing megabytes of that would keep everybody else waiting for seconds, also the
 * answer that refuses it.
 */
class FormFrame {
  /** Rejects when there is too much; the rest is not parsed. */
  readonly tooLarge: Promise<never>;
  /** Its bytes don't count. */
  video: (Readable & { bytesRead?: number }) | undefined;

  constructor(raw: IncomingMessage) {
    // The chunk that ends the video is parsed as a whole before it is counted.
    const bytesMax = formFrameBytesMax + raw.readableHighWaterMark;
    this.tooLarge = new Promise((_resolve, reject) => {
      let sizeBytes = 0;
      const count = (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes - (this.video?.bytesRead ?? 0) <= bytesMax) return;
        raw.off('data', count).unpipe();
        reject(new AppError('invalid_argument', `the form has more than ${formFrameBytesMax} bytes beside its video`));
      };
      raw.on('data', count);
    });
    // Nobody waits for it when the form has ended.
    this.tooLarge.catch(() => undefined);
  }
}

/** Scripts of a page can't give a part a media type without giving it a file name as well. */
async function readText(part: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of part as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > fieldBytesMax) throw new AppError('invalid_argument', `the part webhook has more than ${fieldBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function nextPart(parts: AsyncIterableIterator<Multipart>): Promise<Multipart | undefined> {
  try {
    const { done, value } = await parts.next();
    return done ? undefined : value;
  } catch (cause) {
    throw new AppError('invalid_argument', 'the multipart form is damaged or has too many parts', { cause });
  }
}
