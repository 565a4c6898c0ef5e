import type { JobError } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import { z } from 'zod';
import { isStorable } from '../http/storable-text.js';
import { jobErrors } from '../jobs/job-error.js';

/** Pictures of a batch at most. */
export const imagesMax = 64;
/** Bytes of one picture at most, decoded from base64. */
export const imageBytesMax = 20 * 1024 ** 2;
const encodedLengthMax = Math.ceil(imageBytesMax / 3) * 4;
/** Largest body of the route. */
export const imageBatchBytesMax = 128 * 1024 ** 2;

const ImageBatch = z
  .object({
    images: z
      .array(
        z.object({
          external_id: z.string().max(256).refine(isStorable, 'must be Unicode text without NUL').nullish(),
          data_base64: z.string(),
        }),
      )
      .min(1)
      .max(imagesMax),
    webhook: z.unknown().optional(),
  })
  .superRefine(({ images }, context) => {
    const seen = new Set<string>();
    images.forEach(({ external_id: externalId }, index) => {
      if (typeof externalId !== 'string') return;
      if (seen.has(externalId))
        context.addIssue({ code: 'custom', path: ['images', index, 'external_id'], message: 'is used twice in this batch' });
      seen.add(externalId);
    });
  });

export type ImageBatch = z.infer<typeof ImageBatch>;

/**
 * Reads the JSON body of an image batch. What is wrong with a single picture's data is no error here: that item fails alone.
 * @throws AppError `unprocessable` with the fields that are wrong
 */
export function parseImageBatch(body: unknown): ImageBatch {
  const batch = ImageBatch.safeParse(body);
  if (batch.success) return batch.data;
  const issues = batch.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new AppError('unprocessable', 'the image batch is not as the API describes it', { details: { issues } });
}

/** What the pictures of a batch have together at most; some of them may be unusable. */
export function decodedBytesMax({ images }: ImageBatch): number {
  return images.reduce((sum, { data_base64: text }) => sum + Math.floor((text.length * 3) / 4), 0);
}

/** The bytes of one picture, or why it has none. */
export function decodeImage(dataBase64: string): { bytes: Uint8Array } | { error: JobError } {
  if (/^data:/i.test(dataBase64)) return { error: jobErrors.dataUri };
  if (dataBase64.length === 0) return { error: jobErrors.imageEmpty };
  if (dataBase64.length > encodedLengthMax) return { error: jobErrors.imageTooLarge };
  if (!isBase64(dataBase64)) return { error: jobErrors.invalidBase64 };
  const bytes = Buffer.from(dataBase64, 'base64');
  return bytes.length > imageBytesMax ? { error: jobErrors.imageTooLarge } : { bytes };
}

/** RFC 4648 §4; Node's decoder would skip what it does not know. The padding may be missing, as many encoders leave it out. */
function isBase64(text: string): boolean {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const lengthFits = padding > 0 ? text.length % 4 === 0 : digits % 4 !== 1;
  return digits > 0 && lengthFits && !/[^A-Za-z0-9+/]/.test(text.slice(0, digits));
}
