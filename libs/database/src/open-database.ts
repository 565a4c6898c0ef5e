import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client.js';

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
    {
      connectionString: url,
      max: connectionsMax,
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 30_000,
      statement_timeout: 30_000,
      application_name: 'nightjar',
    },
    // An idle connection that dies with its server is no reason to end the process: the next query opens another.
    { onPoolError: () => undefined, onConnectionError: () => undefined },
  );
  return new PrismaClient({ adapter, errorFormat: 'minimal' });
}
