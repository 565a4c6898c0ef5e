import { AppError } from '@nightjar/runtime';
import { z } from 'zod';
import { describeIssues } from '../tasks/task-runner.js';
import { decodeBase64, longTextIn } from './base64-text.js';

/** A picture in a JSON body: by address, or with its bytes in base64. */
export const FrameReference = z
  .object({ uri: z.string().optional(), base64: z.string().optional() })
  .refine(({ uri, base64 }) => (uri === undefined) !== (base64 === undefined), 'either "uri" or "base64" is needed');
export type FrameReference = z.infer<typeof FrameReference>;

/**
 * Reads a reference: an address, or the bytes themselves.
 * @param field where it stands, for the error's text
 * @throws AppError `invalid_argument` when it is neither, or no base64
 */
export async function readFrameReference(field: string, reference: unknown): Promise<{ uri: string } | { bytes: Buffer }> {
  const long = longTextIn(reference);
  const read = FrameReference.safeParse(long ? { ...(reference as object), base64: '' } : reference);
  if (!read.success) throw new AppError('invalid_argument', `Invalid input: ${field}: ${describeIssues(read.error)}`);
  const { uri, base64 } = read.data;
  if (uri !== undefined) return { uri };
  return { bytes: long ? await long.decode() : decodeBase64(base64 ?? '') };
}
