import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { isDatabaseAway, Prisma, unavailableIfDatabaseAway } from '@nightjar/database';
import { pause } from '@nightjar/runtime';
import { catchError, throwError, type Observable } from 'rxjs';

const startRetryMs = 500;

/** Postgres is away, or nobody has run the migrations yet: worth waiting for at start. */
function isDatabaseUnready(error: unknown): boolean {
  return (
    isDatabaseAway(error) ||
    (error instanceof Prisma.PrismaClientKnownRequestError && (error.code === 'P2021' || /42P01|3F000/.test(error.message)))
  );
}

/** Controllers answer 503 with Retry-After while Postgres is away; holds for all of the app. */
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
      await pause(startRetryMs, signal);
    }
  }
}
