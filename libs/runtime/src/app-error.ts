import type { ErrorBody, ErrorCode } from '@nightjar/contracts';

interface KindOfError {
  httpStatus: number;
  /** Whether the same call may succeed later without being changed. */
  retryable: boolean;
}

/** The one table from error kinds to HTTP. */
export const errorKinds: Record<ErrorCode, KindOfError> = {
  invalid_argument: { httpStatus: 400, retryable: false },
  unauthenticated: { httpStatus: 401, retryable: false },
  permission_denied: { httpStatus: 403, retryable: false },
  not_found: { httpStatus: 404, retryable: false },
  conflict: { httpStatus: 409, retryable: false },
  payload_too_large: { httpStatus: 413, retryable: false },
  unsupported_media_type: { httpStatus: 415, retryable: false },
  unprocessable: { httpStatus: 422, retryable: false },
  idempotency_mismatch: { httpStatus: 422, retryable: false },
  locked: { httpStatus: 423, retryable: true },
  rate_limited: { httpStatus: 429, retryable: true },
  overloaded: { httpStatus: 503, retryable: true },
  unavailable: { httpStatus: 503, retryable: true },
  deadline_exceeded: { httpStatus: 504, retryable: true },
  model_error: { httpStatus: 500, retryable: false },
  not_implemented: { httpStatus: 501, retryable: false },
  cancelled: { httpStatus: 499, retryable: false },
  internal: { httpStatus: 500, retryable: false },
};

/** The only error class that code of ours throws on purpose. `message` may be shown to the caller; the cause stays in the log. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  /** When a retry makes sense; becomes `Retry-After`. */
  readonly retryAfterMs: number | undefined;
  /** Machine-readable extras for the caller, e.g. the fields that failed. */
  readonly details: Record<string, unknown> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number; details?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }

  get httpStatus(): number {
    return errorKinds[this.code].httpStatus;
  }

  get retryable(): boolean {
    return errorKinds[this.code].retryable;
  }
}

/**
 * Turns anything that was thrown into an AppError. Errors that are not ours become `internal` with a text that tells nothing;
 * client faults found by Fastify (bad JSON, body too large, unknown content type) keep their status' kind.
 */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const { name, statusCode, status, message } = (thrown ?? {}) as { name?: string; statusCode?: number; status?: number; message?: string };
  if (name === 'AbortError') return new AppError('cancelled', 'the request was cancelled', { cause: thrown });
  if (name === 'TimeoutError') return new AppError('deadline_exceeded', 'it took too long', { cause: thrown });
  const code = codeOfStatus(typeof statusCode === 'number' ? statusCode : status);
  if (code !== undefined) return new AppError(code, message ?? code, { cause: thrown });
  return new AppError('internal', 'internal error', { cause: thrown });
}

function codeOfStatus(status: number | undefined): ErrorCode | undefined {
  const codes: Record<number, ErrorCode> = {
    400: 'invalid_argument',
    401: 'unauthenticated',
    403: 'permission_denied',
    404: 'not_found',
    405: 'invalid_argument',
    409: 'conflict',
    413: 'payload_too_large',
    415: 'unsupported_media_type',
    422: 'unprocessable',
    429: 'rate_limited',
  };
  return status === undefined ? undefined : codes[status];
}

/** What travels of an error: in a bus reply, or in an HTTP body of our own. */
export function errorBody(error: AppError, requestId?: string): ErrorBody {
  return {
    code: error.code,
    message: error.message,
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...(error.retryAfterMs === undefined ? {} : { retry_after_ms: error.retryAfterMs }),
  };
}
