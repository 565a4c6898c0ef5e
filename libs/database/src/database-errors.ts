import { AppError } from '@nightjar/runtime';
import pg from 'pg';
import { Prisma } from './generated/client.js';

/** Pools reconnect by themselves; a second is what a restart of Postgres takes at least. */
const retryAfterMs = 1_000;

/** What the driver adapter says of a raw statement, whose own code is always P2010. */
const lostConnectionKinds = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']);
const lostConnectionCodes = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037']);
/**
 * What Postgres says of itself: connections lost or refused (class 08), no disk, memory or connection left (53100, 53200, 53300), going
 * down or coming up (57P01 to 57P03), or only to be read (25006), as a standby is that becomes the primary.
 */
const awayStates = /^(08|53[123]00|57P0[123]|25006)/;

/** Whether an error says that Postgres is away or too slow, so that the caller should come again. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientKnownRequestError && (lostConnectionCodes.has(error.code) || saysAway(driverCause(error))))
    return true;
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  if (error instanceof pg.DatabaseError && awayStates.test(error.code ?? '')) return true;
  // By its fields, not its class: an error of a socket may come from another realm than ours.
  const { message = '', code = '' } = (error ?? {}) as { message?: unknown; code?: unknown };
  const text = `${String(message)} ${String(code)}`;
  return /ECONNREFUSED|ECONNRESET|EPIPE|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|terminating connection|the database system is|Connection terminated|has encountered a connection error|timeout exceeded when trying to connect|Query read timeout|DatabaseNotReachable|ConnectionClosed/i.test(
    text,
  );
}

function saysAway({ code = '', kind = '' }: { code?: string; kind?: string }): boolean {
  return lostConnectionKinds.has(kind) || (kind === 'postgres' && awayStates.test(code));
}

function driverCause(error: Prisma.PrismaClientKnownRequestError): { code?: string; kind?: string } {
  const { driverAdapterError } = (error.meta ?? {}) as { driverAdapterError?: { cause?: { code?: string; kind?: string } } };
  return driverAdapterError?.cause ?? {};
}

/** Whether an insert or update met a unique index. */
export function isUniqueViolation(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return error.code === '23505';
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
