import type { RenderError } from '@nightjar/runtime';

/** The error body of the job API: `{"error": {"code", "message", "details"?}}`. */
export const renderError: RenderError = (error) => ({
  body: {
    error: {
      code: error.code,
      message: error.message,
      ...(error.details === undefined ? {} : { details: error.details }),
    },
  },
  // RFC 9110 §15.5.2: a 401 names the scheme that would do.
  ...(error.code === 'unauthenticated' ? { headers: { 'WWW-Authenticate': 'Bearer realm="nightjar"' } } : {}),
});
