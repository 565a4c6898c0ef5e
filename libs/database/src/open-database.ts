import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.js';
import { keepPlans, runPlannedOver, type RunPlanned } from './planned-statements.js';

type Calls = '$transaction' | '$queryRaw' | '$executeRaw' | '$disconnect';

/** What the gateway's role may reach: schema `jobs`. */
export type JobsDatabase = Pick<
  PrismaClient,
  | 'allowlistedPerson'
  | 'apiKey'
  | 'idempotencyRecord'
  | 'job'
  | 'jobEvent'
  | 'jobFetch'
  | 'jobItem'
  | 'jobResultPart'
  | 'quotaReservation'
  | 'tenant'
  | 'usageDay'
  | 'webhookAttempt'
  | 'webhookDelivery'
  | Calls
> & {
  /** For the statements that every job takes; see there. */
  $planned: RunPlanned;
};
/** What the nvr's role may reach: schema `nvr`. */
export type NvrDatabase = Pick<
  PrismaClient,
  | 'user'
  | 'role'
  | 'setupToken'
  | 'recoveryCode'
  | 'formerPassword'
  | 'signInPolicy'
  | 'session'
  | 'cameraGrant'
  | 'loginFailure'
  | 'auditEntry'
  | 'auditHead'
  | 'integrationKey'
  | 'signingKey'
  | 'camera'
  | 'segment'
  | 'protection'
  | 'event'
  | 'eventReview'
  | 'app'
  | 'eventRule'
  | 'ruleMessage'
  | 'streamTicket'
  | 'playbackSession'
  | 'downloadTicket'
  | 'export'
  | 'lunaStream'
  | 'lunaGroup'
  | 'lunaGroupStream'
  | 'lunaStreamLog'
  | 'lunaAnalytic'
  | 'lunaAgent'
  | 'lunaMaster'
  | 'face'
  | 'faceRemoval'
  | 'systemEvent'
  | 'monitoringPolicy'
  | Calls
> & {
  /** For the statements that every event takes; see there. */
  $planned: RunPlanned;
};

interface OpenOptions {
  url: string;
  /** Connections at most; a query that finds none free waits 5 s, then fails. */
  connectionsMax?: number;
  /** A statement that runs longer is ended by Postgres; a second later the connection is given up, in case Postgres hangs. Default 30 s. */
  statementMs?: number;
}

export function openJobsDatabase(options: OpenOptions): JobsDatabase {
  return open(options);
}

export function openNvrDatabase(options: OpenOptions): NvrDatabase {
  return open(options);
}

/**
 * What Prisma makes of a query, kept by its shape. Questions for single rows that are asked at once become one, of a shape for each
 * number of them, of up to 50 KB: with Prisma's own bound of 1,000 a process grows for hours.
 */
const queryPlansMax = 400;

/** Prisma's client and planned statements on one pool. */
function open({ url, connectionsMax = 10, statementMs = 30_000 }: OpenOptions): PrismaClient & { $planned: RunPlanned } {
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementMs,
    query_timeout: statementMs + 1_000,
    application_name: 'nightjar',
  });
  // An idle connection that dies with its server is no reason to end the process: the next query opens another.
  pool.on('error', () => undefined);
  const nameOf = keepPlans();
  const adapter = new PrismaPg(pool, { onConnectionError: () => undefined, statementNameGenerator: ({ sql }) => nameOf(sql) });
  const client = new PrismaClient({ adapter, errorFormat: 'minimal', queryPlanCacheMaxSize: queryPlansMax });
  const disconnect = client.$disconnect.bind(client);
  const endPool = async () => {
    await disconnect();
    if (!pool.ended) await pool.end();
  };
  return Object.assign(client, { $planned: runPlannedOver(pool, nameOf), $disconnect: endPool });
}
