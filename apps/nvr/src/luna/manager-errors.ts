import { asLuna, lunaErrors } from '@nightjar/luna';
import { AppError } from '@nightjar/runtime';
import type { z } from 'zod';

/** Codes of the Luna Video Manager. Those without a public page (44004, 44007, 44010) are our choice among the free ones. */
const managerErrors = {
  streamNotFound: { error_code: 44001, desc: 'Object not found', detail: '' },
  statusInvalid: { error_code: 44002, desc: 'Bad input data', detail: '' },
  groupNameTaken: { error_code: 44003, desc: 'Unique constraint error', detail: '' },
  groupNotFound: { error_code: 44004, desc: 'Object not found', detail: '' },
  targetInvalid: { error_code: 44006, desc: 'Bad input data', detail: '' },
  agentNotFound: { error_code: 44007, desc: 'Object not found', detail: '' },
  analyticNotFound: { error_code: 44008, desc: 'Object not found', detail: '' },
  analyticNameTaken: { error_code: 44009, desc: 'Unique constraint error', detail: '' },
  parametersInvalid: { error_code: 44010, desc: 'Bad input data', detail: '' },
  notProcessed: { error_code: 44013, desc: 'Stream status is unsuitable', detail: '' },
  versionTooLow: { error_code: 44016, desc: 'Unable to update analytic', detail: '' },
} as const;

const codeOf = {
  streamNotFound: 'not_found',
  statusInvalid: 'invalid_argument',
  groupNameTaken: 'conflict',
  groupNotFound: 'not_found',
  targetInvalid: 'invalid_argument',
  agentNotFound: 'not_found',
  analyticNotFound: 'not_found',
  analyticNameTaken: 'conflict',
  parametersInvalid: 'invalid_argument',
  notProcessed: 'conflict',
  versionTooLow: 'conflict',
} as const satisfies Record<keyof typeof managerErrors, AppError['code']>;

/** An error of the manager's list, with what it is about. */
export function managerError(name: keyof typeof managerErrors, detail: string): AppError {
  return new AppError(codeOf[name], detail, { details: asLuna(managerErrors[name], detail) });
}

/**
 * Parses one part of a request as Luna's clients expect to be refused: 400 with 12022, path and message of the first problem.
 * @throws AppError `invalid_argument`
 */
export function parseLuna<Schema extends z.ZodType>(schema: Schema, input: unknown): z.infer<Schema> {
  const read = schema.safeParse(input);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const detail = `path '${issue?.path.map(String).join('.') ?? ''}' message '${issue?.message ?? 'is not valid'}'`;
  throw new AppError('invalid_argument', detail, { details: asLuna(lunaErrors.parameterInvalid, detail) });
}
