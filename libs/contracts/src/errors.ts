import { z } from 'zod';

/** The closed set of error kinds. They travel in bus replies and decide the HTTP status (libs/runtime, one table). */
export const ErrorCode = z.enum([
  'invalid_argument',
  'unauthenticated',
  'permission_denied',
  'not_found',
  'conflict',
  'payload_too_large',
  'unsupported_media_type',
  'unprocessable',
  'idempotency_mismatch',
  'locked',
  'rate_limited',
  'overloaded',
  'unavailable',
  'deadline_exceeded',
  'model_error',
  'not_implemented',
  'cancelled',
  'internal',
]);
export type ErrorCode = z.infer<typeof ErrorCode>;

/** What a caller learns of an error: never a stack, a path or a secret. */
export const ErrorBody = z.object({
  code: ErrorCode,
  message: z.string(),
  request_id: z.string().optional(),
  retry_after_ms: z.number().int().min(0).optional(),
});
export type ErrorBody = z.infer<typeof ErrorBody>;
