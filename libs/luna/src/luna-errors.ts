import type { ErrorCode } from '@nightjar/contracts';
import type { AppError, RenderError } from '@nightjar/runtime';

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
  parameterInvalid: { error_code: 12022, desc: 'Bad/incomplete input data', detail: 'Parameter is not valid' },
  unacceptableType: { error_code: 12023, desc: 'Bad/incomplete input data', detail: 'Content type is unacceptable' },
  unsupportedMediaType: { error_code: 12024, desc: 'Bad/incomplete input data', detail: 'Unsupported media type' },
  documentMissing: { error_code: 12032, desc: 'Internal server error', detail: 'Document file not found' },
  // Ours: the documentation gives the text and no code.
  unhealthy: { error_code: 502, desc: 'Unhealthy', detail: 'Unhealthy' },
} as const satisfies Record<string, LunaError>;

/** For kinds that the documentation has no code for, `error_code` is the HTTP status: no documented code is that short. */
const generalErrors: Partial<Record<ErrorCode, LunaError>> = {
  invalid_argument: lunaErrors.badInput,
  not_found: lunaErrors.pageNotFound,
  unauthenticated: { error_code: 401, desc: 'Unauthorized', detail: 'Not authenticated' },
  permission_denied: { error_code: 403, desc: 'Forbidden', detail: 'Forbidden' },
};

/** What to put into `details` of an AppError so that the client reads exactly this Luna error. */
export function asLuna(error: LunaError, detail: string): { luna: LunaError } {
  return { luna: { ...error, detail } };
}

/** Body of every error of the Luna surfaces: `{error_code, desc, detail, link}`. */
export const renderLunaError: RenderError = (error) => ({ body: { ...lunaErrorOf(error), link: 'about:blank' } });

function lunaErrorOf(error: AppError): LunaError {
  const given = error.details?.luna as LunaError | undefined;
  if (given) return given;
  const general = generalErrors[error.code];
  if (general) return { ...general, detail: error.message };
  return error.httpStatus >= 500 ? { ...lunaErrors.internal, detail: error.message } : { ...lunaErrors.badInput, detail: error.message };
}
