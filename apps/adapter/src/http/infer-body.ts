import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { UnreadForm } from './bodies/body-parsers.js';
import type { MultipartForm } from './bodies/multipart-form.js';

/** The body of a request for inference, of either kind. */
export type InferBody = { readonly type: 'json'; readonly body: unknown } | ({ readonly type: 'multipart' } & MultipartForm);

/**
 * Reads the body of `/infer`: JSON, which is parsed already, or a form.
 * @throws AppError `unsupported_media_type`, `payload_too_large`, `invalid_argument` when the body is damaged
 */
export async function readInferBody({ body, headers }: FastifyRequest): Promise<InferBody> {
  if (body instanceof UnreadForm) return { type: 'multipart', ...(await body.read()) };
  const type = headers['content-type'];
  if (type !== undefined && !/^application\/json *(;|$)/i.test(type))
    throw new AppError('unsupported_media_type', 'send application/json or multipart/form-data');
  return { type: 'json', body };
}

/** Whether a body of JSON, or a part of it, has named fields. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
