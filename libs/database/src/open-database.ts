import { PrismaPg } from '@prisma/adapter-pg';
import { Prisma, PrismaClient } from './generated/client.js';

type Calls = '$transaction' | '$queryRaw' | '$executeRaw' | '$disconnect';

/** What the gateway's role may reach: schema `jobs`. */
export type JobsDatabase = Pick<PrismaClient, 'apiKey' | 'job' | 'jobItem' | Calls>;
/** What the nvr's role may reach: schema `nvr`. */
export type NvrDatabase = Pick<PrismaClient, 'user' | 'signingKey' | 'camera' | 'segment' | 'event' | Calls>;

interface OpenOptions {
  url: string;
  /** Connections at most; a query that finds none free waits 5 s, then fails. */
  connectionsMax?: number;
}

export function openJobsDatabase(options: OpenOptions): JobsDatabase {
  return open(options);
}

export function openNvrDatabase(options: OpenOptions): NvrDatabase {
  return open(options);
}

function open({ url, connectionsMax = 10 }: OpenOptions): PrismaClient {
  const adapter = new PrismaPg(
    { connectionString: url, max: connectionsMax, connectionTimeoutMillis: 5_000, idleTimeoutMillis: 30_000, statement_timeout: 30_000, application_name: 'nightjar' },
    // An idle connection that dies with its server is no reason to end the process: the next query opens another.
    { onPoolError: () => undefined, onConnectionError: () => undefined },
  );
  return new PrismaClient({ adapter, errorFormat: 'minimal' });
}

/** What the driver adapter says of a raw statement, whose own code is always P2010. */
const lostConnectionKinds = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']);
const lostConnectionCodes = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037']);

/** Whether an error says that Postgres is away or too slow, so that the caller should come again. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientKnownRequestError && (lostConnectionCodes.has(error.code) || lostConnectionKinds.has(adapterErrorKind(error)))) return true;
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  const text = error instanceof Error ? `${error.message} ${String((error as NodeJS.ErrnoException).code ?? '')}` : '';
  return /ECONNREFUSED|ECONNRESET|EPIPE|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|terminating connection|the database system is|Connection terminated|timeout exceeded when trying to connect|DatabaseNotReachable|ConnectionClosed/i.test(text);
}

function adapterErrorKind(error: Prisma.PrismaClientKnownRequestError): string {
  const { driverAdapterError } = (error.meta ?? {}) as { driverAdapterError?: { cause?: { kind?: string } } };
  return driverAdapterError?.cause?.kind ?? '';
}

/** Whether an insert or update met a unique index. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && (error.code === 'P2002' || (error.code === 'P2010' && error.message.includes('23505')));
}
