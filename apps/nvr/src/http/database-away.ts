import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { isDatabaseAway, Prisma } from '@nightjar/database';
import { AppError, sleep } from '@nightjar/runtime';
import { catchError, throwError, type Observable } from 'rxjs';

const retryAfterMs = 2_000;
const startRetryMs = 500;

/** What a caller is told while Postgres is away: 503 with Retry-After. Any other error passes unchanged. */
export function unavailableIfDatabaseAway(error: unknown): unknown {
  return isDatabaseAway(error) ? new AppError('unavailable', 'the database is away', { cause: error, retryAfterMs }) : error;
}

/** Postgres is away, or nobody has run the migrations yet: worth waiting for at start. */
function isDatabaseUnready(error: unknown): boolean {
  return isDatabaseAway(error) || (error instanceof Prisma.PrismaClientKnownRequestError && (error.code === 'P2021' || /42P01|3F000/.test(error.message)));
}

/** The same for work outside of a controller: an authenticator, a bus call. @throws AppError `unavailable` */
export async function orUnavailable<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw unavailableIfDatabaseAway(error);
  }
}

/** Holds for every controller of the app. */
@Injectable()
export class DatabaseAwayInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError((error: unknown) => throwError(() => unavailableIfDatabaseAway(error))));
  }
}

/** Does the work as soon as Postgres answers and has its tables; any other failure is thrown. */
export async function whenDatabaseAnswers(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      return await work();
    } catch (error) {
      if (!isDatabaseUnready(error)) throw error;
      await sleep(startRetryMs, signal).catch(() => undefined);
    }
  }
}
