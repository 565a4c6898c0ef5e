import { createContext, Script } from 'node:vm';
import { schemaVocabulary, timezoneFormat } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { managerError } from './manager-errors.js';

/** Of a schema; the documentation has its own bound. Ours have 5,000. */
const schemaCharactersMax = 32_768;
/** Schemas are of strangers, and everybody waits while one is compiled or, with its patterns, held to what a user sent. */
const compileMsMax = 2_000;
/** For all analytics of one request. */
const checkMsMax = 500;
const problemsTold = 3;

/** What a `$schema` names, by its address without scheme and without the empty fragment, which people write with and without. */
const dialects: ReadonlyMap<string, new (options: Options) => { compile(schema: object): ValidateFunction }> = new Map([
  ['json-schema.org/draft/2020-12/schema', Ajv2020],
  ['json-schema.org/draft/2019-09/schema', Ajv2019],
  ['json-schema.org/draft-07/schema', Ajv],
]);

/** Parameters that a user sent for an analytic, and what its agent says of them. */
interface AskedParameters {
  name: string;
  schema: object;
  parameters: Record<string, unknown>;
}

/** @throws AppError `invalid_argument` for a schema that is none, that is too large, or that takes too long to compile */
export function requireSchema(schema: Record<string, unknown>): void {
  if (JSON.stringify(schema).length > schemaCharactersMax) throw managerError('parametersInvalid', 'validation_schema is too large');
  try {
    withinTime(compileMsMax, () => compile(schema, { isNew: true }));
  } catch (error) {
    throw managerError('parametersInvalid', `validation_schema: ${reasonOf(error)}`);
  }
}

/** @throws AppError `invalid_argument` for parameters that their schema refuses, and for all where one can't be held to its schema in time */
export function requireFits(asked: readonly AskedParameters[]): void {
  let current = '';
  try {
    withinTime(checkMsMax, () => {
      for (const one of asked) {
        current = one.name;
        requireFit(one);
      }
    });
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw managerError('parametersInvalid', `parameters of ${current}: its validation_schema ${reasonOf(error)}`);
  }
}

function requireFit({ name, parameters, schema }: AskedParameters): void {
  const fits = compile(schema, { isNew: false });
  if (fits(parameters)) return;
  const problems = (fits.errors ?? []).slice(0, problemsTold).map((error) => `${error.instancePath || '/'} ${said(error)}`);
  throw managerError('parametersInvalid', `parameters of ${name}: ${problems.join('; ')}`);
}

/**
 * A compiler of its own for each: schemas of different analytics may share their `$id`. Formats that it does not know hold for
 * everything. References are not inlined: a short schema would become gigabytes of code.
 */
function compile({ $schema, ...schema }: { $schema?: unknown }, { isNew }: { isNew: boolean }): ValidateFunction {
  // What it compiles to answers with a promise: every parameter would fit, and its rejection end the process.
  if ('$async' in schema) throw new Error('must not be $async');
  const bounded = { strict: false, logger: false, allErrors: false, inlineRefs: false, code: { optimize: false } } as const;
  return new (dialectOf($schema))({ ...schemaVocabulary, ...bounded, validateSchema: isNew }).compile(schema);
}

/** @param named absent: the newest */
function dialectOf(named: unknown = 'https://json-schema.org/draft/2020-12/schema') {
  const dialect = typeof named === 'string' ? dialects.get(named.replace(/^https?:\/\//, '').replace(/#$/, '')) : undefined;
  if (!dialect) throw new Error('$schema must be that of JSON Schema 2020-12, 2019-09 or draft-07');
  return dialect;
}

const room = createContext({ work: undefined });
const runWork = new Script('work()');

/** Ends work on this thread that takes longer, also within a regular expression: nothing but the end of a script does that. */
function withinTime<Result>(timeoutMs: number, work: () => Result): Result {
  room.work = work;
  try {
    return runWork.runInContext(room, { timeout: timeoutMs }) as Result;
  } finally {
    room.work = undefined;
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? 'takes too long' : message;
}

function said({ keyword, message, params }: ErrorObject): string {
  if (keyword === 'format' && params.format === timezoneFormat) return 'is no time zone that is known here';
  return message ?? '';
}
