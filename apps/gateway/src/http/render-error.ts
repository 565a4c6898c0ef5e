import { STATUS_CODES } from 'node:http';
import type { AppError, RenderedError, RenderError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { contractPrefix } from './routes.js';

/** What was wrong with which field of a request. */
interface FieldError {
  /** Names with dots between them, `images.3.external_id`; empty for the whole. */
  path: string;
  message: string;
}

/**
 * The error body of a request: that of the contract below its prefix, RFC 9457 everywhere else. `details.issues` of an error
 * lists the fields that failed.
 */
export const renderError: RenderError = (error, request) => ({
  ...(isOfContract(request) ? contractError(error) : problem(error, request)),
  // RFC 9110 §15.5.2: a 401 names the scheme that would do.
  ...(error.code === 'unauthenticated' ? { headers: { 'WWW-Authenticate': 'Bearer realm="nightjar"' } } : {}),
});

function isOfContract({ url }: FastifyRequest): boolean {
  return /^[^?]*/.exec(url)?.[0] === contractPrefix || url.startsWith(`${contractPrefix}/`);
}

/** `{"error": {"code", "message", "details"?}}` */
function contractError({ code, message, details }: AppError): RenderedError {
  return { body: { error: { code, message, ...(details === undefined ? {} : { details }) } } };
}

/** RFC 9457. Our codes say more than a document behind `type` would; further details of an error stand beside them. */
function problem({ code, httpStatus, message, details }: AppError, request: FastifyRequest): RenderedError {
  const { issues, ...others } = details ?? {};
  return {
    contentType: 'application/problem+json',
    body: {
      ...others,
      type: 'about:blank',
      title: STATUS_CODES[httpStatus] ?? code,
      status: httpStatus,
      detail: message,
      // Without the query, which may hold what is nobody's business.
      instance: request.originalUrl.replace(/\?.*/s, ''),
      code,
      errors: Array.isArray(issues) ? (issues as FieldError[]) : [],
      request_id: request.id,
    },
  };
}
