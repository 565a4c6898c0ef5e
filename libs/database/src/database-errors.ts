import { AppError } from '@nightjar/runtime';
import { Prisma } from './generated/client.js';

/** Pools reconnect by themselves; a second is what a restart of Postgres takes at least. */
const retryAfterMs = 1_000;

/** What the driver adapter says of a raw statement, whose own code is always P2010. */
const lostConnectionKinds = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']);
const lostConnectionCodes = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037']);

/** Whether an error says that Postgres is away or too slow, so that the caller should come again. */
export function isDatabaseAway(error: unknown): boolean {
  if (
    error instanceof Prisma.PrismaClientKnownRequestError &&
    (lostConnectionCodes.has(error.code) || lostConnectionKinds.has(adapterErrorKind(error)))
  )
    return true;
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  const text = error instanceof Error ? `${error.message} ${String((error as NodeJS.ErrnoException).code ?? '')}` : '';
  return /ECONNREFUSED|ECONNRESET|EPIPE|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|terminating connection|the database system is|Connection terminated|timeout exceeded when trying to connect|DatabaseNotReachable|ConnectionClosed/i.test(
    text,
  );
}

function adapterErrorKind(error: Prisma.PrismaClientKnownRequestError): string {
  const { driverAdapterError } = (error.meta ?? {}) as { driverAdapterError?: { cause?: { kind?: string } } };
  return driverAdapterError?.cause?.kind ?? '';
}

/** Whether an insert or update met a unique index. */
export function isUniqueViolation(error: unknown): boolean {
  return (
    error instanceof Prisma.PrismaClientKnownRequestError &&
    (error.code === 'P2002' || (error.code === 'P2010' && error.message.includes('23505')))
  );
}

/** What a caller is told while Postgres is away: `unavailable`, come again in a second. Any other error passes unchanged. */
export function unavailableIfDatabaseAway(error: unknown): unknown {
  return isDatabaseAway(error) ? new AppError('unavailable', 'the database does not answer', { cause: error, retryAfterMs }) : error;
}

/** Waits for a query. @throws AppError `unavailable` while Postgres is away, else what the query throws */
export async function orUnavailable<Result>(query: PromiseLike<Result>): Promise<Result> {
  try {
    return await query;
  } catch (error) {
    throw unavailableIfDatabaseAway(error);
  }
}
