import { AppError } from '@nightjar/runtime';
import type { z } from 'zod';

/** Where a request carries what is parsed; first part of `loc` in a 422. */
type InputPlace = 'body' | 'query' | 'path';

/**
 * Parses one part of a request.
 * @throws AppError `unprocessable` with `{"detail": [{type, loc, msg}]}`; values are not repeated, they may be secrets
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, place: InputPlace): z.infer<Schema> {
  const read = schema.safeParse(input);
  if (read.success) return read.data;
  const detail = read.error.issues.map(({ code, path, message }) => ({
    type: code,
    loc: [place, ...path.map((part) => (typeof part === 'number' ? part : String(part)))],
    msg: message,
  }));
  throw new AppError('unprocessable', `the ${place} is not valid`, { details: { detail } });
}

/** One field of the input breaks a rule that no schema can hold. */
export function invalidField(place: InputPlace, field: string, message: string): AppError {
  return new AppError('unprocessable', message, { details: { detail: [{ type: 'value_error', loc: [place, field], msg: message }] } });
}
