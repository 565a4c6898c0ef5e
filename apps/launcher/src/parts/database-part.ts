import path from 'node:path';
import { createServiceRoles } from '@nightjar/database';
import { signalProcess, startEmbeddedPostgres } from '@nightjar/embedded';
import { AppError, type Clock } from '@nightjar/runtime';
import type { Credentials } from '../data/credentials.js';
import { Supervisor, type PartState, type RunningPart } from '../supervision/supervisor.js';
import type { Terminal } from '../terminal/terminal.js';
import { migrateDatabase, placeOf } from './migrate-database.js';

const databaseName = 'nightjar';

/** The database as services reach it. */
export interface DatabaseLinks {
  readonly gatewayUrl: string;
  readonly nvrUrl: string;
  /** Cells of the launcher's table. */
  readonly address: string;
  readonly description: string;
}

interface DatabaseOptions {
  readonly givenUrl: string | undefined;
  readonly dataDir: string;
  readonly credentials: Credentials;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Takes charge of the embedded server, as soon as there is one. */
  readonly supervise: (supervisor: Supervisor) => void;
  readonly onState: (state: PartState) => void;
}

/**
 * Brings the database up and up to date. A given one is migrated with its own role, which serves everybody; the embedded
 * one has an owner that only we use and a role for each service that sees its own schema.
 */
export async function bringUpDatabase(options: DatabaseOptions): Promise<DatabaseLinks> {
  const { givenUrl, credentials, terminal } = options;
  if (givenUrl !== undefined) {
    terminal.progress('database', `${placeOf(givenUrl)}, given by DATABASE_URL`);
    await migrateAndReport(givenUrl, terminal);
    return { gatewayUrl: givenUrl, nvrUrl: givenUrl, address: placeOf(givenUrl), description: 'given by DATABASE_URL' };
  }
  const { ownerUrl, port } = await startEmbedded(options);
  await migrateAndReport(ownerUrl, terminal);
  const passwords = { gateway: credentials.gatewayDatabasePassword, nvr: credentials.nvrDatabasePassword };
  const { gatewayUrl, nvrUrl } = await createServiceRoles({ ownerUrl, passwords });
  return { gatewayUrl, nvrUrl, address: `127.0.0.1:${port}`, description: 'embedded Postgres' };
}

async function startEmbedded({
  dataDir,
  credentials,
  terminal,
  clock,
  supervise,
  onState,
}: DatabaseOptions): Promise<{ ownerUrl: string; port: number }> {
  const requestedDir = path.join(dataDir, 'postgres');
  let started: { ownerUrl: string; port: number } | undefined;
  const start = async (signal: AbortSignal): Promise<RunningPart> => {
    const server = await startEmbeddedPostgres({
      dataDir: requestedDir,
      password: credentials.databaseOwnerPassword,
      database: databaseName,
      signal,
      ...(started ? { port: started.port } : {}), // services know the address by now
    });
    if (server.takenOver) terminal.progress('database', `took over Postgres (process ${server.pid}) from a launcher that was killed`);
    if (server.dataDir !== requestedDir)
      terminal.progress('database', `its data is in ${server.dataDir}: user postgres cannot enter ${dataDir}`);
    started = { ownerUrl: server.url, port: server.port };
    return {
      pid: server.pid,
      exited: server.exited.then(() => 'ended'),
      stop: () => server.stop(),
      kill: () => signalProcess(server.pid, 'SIGQUIT'), // Postgres's own way to end at once: the next start recovers
    };
  };
  terminal.progress('database', 'starting embedded Postgres');
  const supervisor = new Supervisor({ name: 'Postgres', clock, start, onState });
  supervise(supervisor);
  await supervisor.start();
  if (!started) throw new AppError('internal', 'Postgres is ready without an address');
  return started;
}

async function migrateAndReport(url: string, terminal: Terminal): Promise<void> {
  const applied = await migrateDatabase(url);
  terminal.progress('migrations', applied.length === 0 ? 'up to date' : `applied ${applied.join(', ')}`);
}
