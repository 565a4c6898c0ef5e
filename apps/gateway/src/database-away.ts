import { isDatabaseAway } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';

/**
 * Waits for a query.
 * @throws AppError `unavailable` (503, come again in a second) while Postgres is away; the connection pool reconnects by itself
 */
export async function orUnavailable<Result>(query: PromiseLike<Result>): Promise<Result> {
  try {
    return await query;
  } catch (cause) {
    if (isDatabaseAway(cause)) throw new AppError('unavailable', 'the database does not answer', { cause, retryAfterMs: 1_000 });
    throw cause;
  }
}
