import type { ErrorCode } from '@nightjar/contracts';
import type { AppError } from '@nightjar/runtime';
import type { ErrorCategory, FailureEnvelope, InferOutcome } from './contract-messages.js';

interface KindOfFailure {
  readonly category: ErrorCategory;
  readonly code: string;
  /** When to come back, for a passing failure whose error does not know it. */
  readonly retryAfterMs?: number;
}

/** The one table from our kinds of errors to the contract's. The HTTP status is the same on all surfaces. */
const failures: Readonly<Record<ErrorCode, KindOfFailure>> = {
  invalid_argument: { category: 'transport_error', code: 'malformed_input' },
  payload_too_large: { category: 'transport_error', code: 'malformed_input' },
  unprocessable: { category: 'transport_error', code: 'malformed_input' },
  idempotency_mismatch: { category: 'transport_error', code: 'malformed_input' },
  unsupported_media_type: { category: 'transport_error', code: 'unsupported_content_type' },
  not_found: { category: 'transport_error', code: 'not_found' },
  conflict: { category: 'transport_error', code: 'conflict' },
  locked: { category: 'transport_error', code: 'conflict' },
  cancelled: { category: 'transport_error', code: 'cancelled' },
  // Which of the two, the error's details say.
  unauthenticated: { category: 'permission_denied', code: 'auth_invalid' },
  permission_denied: { category: 'permission_denied', code: 'permission_path_denied' },
  not_implemented: { category: 'not_supported', code: 'input_not_supported' },
  rate_limited: { category: 'overloaded', code: 'backpressure', retryAfterMs: 1_000 },
  overloaded: { category: 'overloaded', code: 'queue_full', retryAfterMs: 1_000 },
  deadline_exceeded: { category: 'overloaded', code: 'backpressure', retryAfterMs: 1_000 },
  unavailable: { category: 'provider_error', code: 'provider_unavailable', retryAfterMs: 1_000 },
  model_error: { category: 'model_error', code: 'inference_runtime_crash' },
  internal: { category: 'model_error', code: 'inference_runtime_crash' },
};

/** What an error's details say when the model that is asked for has no file that can be used. */
const weightsMissing: KindOfFailure = { category: 'model_error', code: 'weights_missing' };

const outcomes: Readonly<Record<ErrorCategory, InferOutcome>> = {
  model_error: 'model_error',
  provider_error: 'provider_error',
  transport_error: 'transport_error',
  permission_denied: 'refused',
  not_supported: 'refused',
  overloaded: 'refused',
};

/** The contract's body for an error. A passing failure says when to come back. */
export function failureEnvelope(error: AppError): FailureEnvelope {
  const { category, code, retryAfterMs } = failureOf(error);
  const { auth, weights: _weights, ...details } = error.details ?? {};
  return {
    status: 'error',
    error: {
      category,
      code: auth === 'auth_missing' ? auth : code,
      message: error.message,
      transient: error.retryable,
      ...(error.retryable ? { retry_after_ms: Math.round(error.retryAfterMs ?? retryAfterMs ?? 1_000) } : {}),
      details,
    },
  };
}

/** How a failed inference is counted. */
export function outcomeOf(error: AppError): InferOutcome {
  return outcomes[failureOf(error).category];
}

function failureOf(error: AppError): KindOfFailure {
  return error.details?.['weights'] === 'missing' ? weightsMissing : failures[error.code];
}
