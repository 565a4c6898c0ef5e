import { AppError } from '@nightjar/runtime';
import type { z } from 'zod';

/**
 * Parses one part of a request.
 * @throws AppError `unprocessable` for a body, `invalid_argument` for a query, with the fields that are wrong; their values are not
 *   repeated, they may be secrets
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, place: 'body' | 'query'): z.infer<Schema> {
  const read = schema.safeParse(input);
  if (read.success) return read.data;
  const issues = read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const code = place === 'body' ? 'unprocessable' : 'invalid_argument';
  throw new AppError(code, `the ${place} is not as the API describes it`, { details: { issues } });
}
