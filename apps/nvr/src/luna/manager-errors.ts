import { asLuna, lunaErrors, type LunaError } from '@nightjar/luna';
import { AppError } from '@nightjar/runtime';
import type { z } from 'zod';

/** Codes of the Luna Video Manager. Those without a public page (44004, 44005, 44007, 44010) are our choice among the free ones. */
const managerErrors = {
  streamNotFound: { error_code: 44001, desc: 'Object not found', detail: 'Stream' },
  statusInvalid: { error_code: 44002, desc: 'Bad input data', detail: 'Not a stream status' },
  groupNameTaken: { error_code: 44003, desc: 'Unique constraint error', detail: 'Group with this name already exists' },
  groupNotFound: { error_code: 44004, desc: 'Object not found', detail: 'Group' },
  streamNotInGroup: { error_code: 44005, desc: 'Object not found', detail: 'Stream of a group' },
  targetInvalid: { error_code: 44006, desc: 'Bad input data', detail: 'Not a stream log target' },
  agentNotFound: { error_code: 44007, desc: 'Object not found', detail: 'Agent' },
  analyticNotFound: { error_code: 44008, desc: 'Object not found', detail: 'Analytic' },
  analyticNameTaken: { error_code: 44009, desc: 'Unique constraint error', detail: 'Analytic with this name already exists' },
  parametersInvalid: { error_code: 44010, desc: 'Bad input data', detail: 'Parameters of an analytic, or their schema, are not valid' },
  notProcessed: { error_code: 44013, desc: 'Stream status is unsuitable', detail: 'Stream is not being processed' },
  versionTooLow: { error_code: 44016, desc: 'Unable to update analytic', detail: 'Version is lower than the one that is there' },
} as const;

const codeOf = {
  streamNotFound: 'not_found',
  statusInvalid: 'invalid_argument',
  groupNameTaken: 'conflict',
  groupNotFound: 'not_found',
  streamNotInGroup: 'not_found',
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

/** All codes of the manager, with what each is about. */
export const managerErrorList: readonly LunaError[] = Object.values(managerErrors);

/**
 * Parses one part of a request as Luna's clients expect to be refused: 12030 without any data, 12014 with the names of what is missing,
 * 44002 for a status that is none, and else 12022 with path and message of the first problem.
 * @throws AppError `invalid_argument`
 */
export function parseLuna<Schema extends z.ZodType>(schema: Schema, input: unknown): z.infer<Schema> {
  const read = schema.safeParse(input);
  if (read.success) return read.data;
  if (input === undefined || input === null) throw refused(lunaErrors.noData, 'Request contains no data');
  const { issues } = read.error;
  const missing = issues.filter(({ path }) => isMissing(input, path)).map(({ path }) => nameOf(path));
  if (missing.length > 0) throw refused(lunaErrors.parametersMissing, `Required parameters ${missing.join(', ')} not found`);
  const [issue] = issues;
  if (issue?.code === 'invalid_value' && issue.path.at(-1) === 'status')
    throw managerError('statusInvalid', `not a valid stream status; permitted: ${issue.values.join(', ')}`);
  throw refused(lunaErrors.parameterInvalid, `path '${nameOf(issue?.path ?? [])}' message '${issue?.message ?? 'is not valid'}'`);
}

function refused(error: LunaError, detail: string): AppError {
  return new AppError('invalid_argument', detail, { details: asLuna(error, detail) });
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

function isMissing(input: unknown, path: readonly PropertyKey[]): boolean {
  const found = path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    input,
  );
  return path.length > 0 && found === undefined;
}
