import type { AppError, RenderedError } from '@nightjar/runtime';

/**
 * The error body of port 8000: `{"detail": ...}`, a text unless the error brings a structure of its own (`details.detail`).
 * 401 names the scheme, as RFC 9110 asks.
 */
export function renderDetail(error: AppError): RenderedError {
  const detail = error.details?.detail ?? (error.code === 'internal' ? 'Internal server error' : error.message);
  return { body: { detail }, ...(error.code === 'unauthenticated' ? { headers: { 'WWW-Authenticate': 'Bearer' } } : {}) };
}
