import { STATUS_CODES } from 'node:http';
import type { ErrorCode } from '@nightjar/contracts';
import { hasErrorCode, systemClock, type AppError, type RenderError } from '@nightjar/runtime';
import { idOfAnswer, lunaRequestIdHeader } from './luna-request-id.js';

/** A Luna error: `error_code` and the two texts that go with it. */
export interface LunaError {
  error_code: number;
  desc: string;
  detail: string;
}

/** Errors of the documented list; everything else of the same HTTP status shows as the general one of its kind. */
export const lunaErrors = {
  internal: { error_code: 1, desc: 'Internal server error', detail: 'Internal server error' },
  badInput: { error_code: 12005, desc: 'Bad/incomplete input data', detail: 'Bad/incomplete input data' },
  pageNotFound: { error_code: 12013, desc: 'Resource not found', detail: 'Page not found' },
  parametersMissing: { error_code: 12014, desc: 'Bad/incomplete input data', detail: 'Required parameters not found' },
  contentTypeBad: { error_code: 12017, desc: 'Bad/incomplete input data', detail: 'Bad content type' },
  methodNotAllowed: { error_code: 12021, desc: 'Method not allowed', detail: 'Method not allowed' },
  parameterInvalid: { error_code: 12022, desc: 'Bad/incomplete input data', detail: 'Parameter is not valid' },
  unacceptableType: { error_code: 12023, desc: 'Bad/incomplete input data', detail: 'Content type is unacceptable' },
  unsupportedMediaType: { error_code: 12024, desc: 'Bad/incomplete input data', detail: 'Unsupported media type' },
  jsonInvalid: { error_code: 12027, desc: 'Bad/incomplete input data', detail: 'The body is no JSON' },
  noData: { error_code: 12030, desc: 'Bad/incomplete input data', detail: 'Request contains no data' },
  documentMissing: { error_code: 12032, desc: 'Internal server error', detail: 'Document file not found' },
  // Ours: the documentation gives the text and no code.
  unhealthy: { error_code: 502, desc: 'Unhealthy', detail: 'Unhealthy' },
} as const satisfies Record<string, LunaError>;

/** For kinds that the documentation has no code for, `error_code` is the HTTP status: no documented code is that short. */
const generalErrors: Partial<Record<ErrorCode, LunaError>> = {
  invalid_argument: lunaErrors.badInput,
  not_found: lunaErrors.pageNotFound,
  unsupported_media_type: lunaErrors.contentTypeBad,
};

/** What to put into `details` of an AppError so that the client reads exactly this Luna error. */
export function asLuna(error: LunaError, detail: string): { luna: LunaError } {
  return { luna: { ...error, detail } };
}

/** Where all codes are told of: `renderErrorsPage`. */
const errorsPagePath = '/docs/errors';

/** Address of the part of that page which is about this error. */
export function linkOf({ error_code }: Pick<LunaError, 'error_code'>): string {
  return `${errorsPagePath}#code-${error_code}`;
}

/**
 * Body of every error of the Luna surfaces: `{error_code, desc, detail, link}`. What is wrong with a request is 400, also with its type.
 * The request id stands here too: a URL that cannot be read is answered before any hook runs.
 */
export const renderLunaError: RenderError = (error, request) => {
  const luna = lunaErrorOf(error);
  return {
    body: { ...luna, link: linkOf(luna) },
    headers: { [lunaRequestIdHeader]: idOfAnswer(request, systemClock) },
    ...(error.code === 'unsupported_media_type' ? { httpStatus: 400 } : {}),
  };
};

function lunaErrorOf(error: AppError): LunaError {
  const given = error.details?.luna as LunaError | undefined;
  if (given) return given;
  const { httpStatus, message } = error;
  // What Fastify says of a body stands behind what Nest made of it.
  const refusal = error.cause instanceof Error ? (error.cause.cause ?? error.cause) : undefined;
  if (hasErrorCode(refusal, 'FST_ERR_CTP_EMPTY_JSON_BODY')) return lunaErrors.noData;
  if (hasErrorCode(refusal, 'FST_ERR_CTP_INVALID_JSON_BODY')) return lunaErrors.jsonInvalid;
  const general = generalErrors[error.code];
  if (general) return { ...general, detail: message };
  if (httpStatus >= 500) return { ...lunaErrors.internal, detail: message };
  return { error_code: httpStatus, desc: STATUS_CODES[httpStatus] ?? 'Error', detail: message };
}
