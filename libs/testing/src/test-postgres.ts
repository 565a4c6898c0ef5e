import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { migrate } from '@nightjar/database';
import { isProcessAlive, startEmbeddedPostgres, stopOrphanedNatsServer, stopOrphanedPostgres } from '@nightjar/embedded';
import { publishTestPostgresUrl } from './config.js';

/** Database that every test database is copied from: all migrations applied, no rows. */
export const templateDatabase = 'nightjar_template';

/** Temporary directories of a run: of its Postgres, and of the buses of its spec files. */
const directoryName = /^nightjar-(?:test|bus)-(\d+)-/;

/** The Postgres of one test run. */
interface TestPostgres {
  stop(): Promise<void>;
}

/**
 * Starts one Postgres for the whole run in a temporary directory and migrates the template. fsync is off: the run is
 * thrown away. Leftovers of runs that were killed are stopped and removed first.
 */
export async function startTestPostgres(): Promise<TestPostgres> {
  await sweepKilledRuns();
  const directory = await mkdtemp(path.join(os.tmpdir(), `nightjar-test-${process.pid}-`));
  await chmod(directory, 0o711); // as root, Postgres runs as another user and must get through
  const postgres = await startEmbeddedPostgres({
    dataDir: path.join(directory, 'postgres'),
    password: randomBytes(16).toString('hex'),
    database: templateDatabase,
    durable: false,
  });
  const stop = async (): Promise<void> => {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await migrate({ url: postgres.url });
  } catch (error) {
    await stop();
    throw error;
  }
  publishTestPostgresUrl(postgres.urlFor({ database: 'postgres' }));
  return { stop };
}

async function sweepKilledRuns(): Promise<void> {
  for (const name of await readdir(os.tmpdir())) {
    const owner = directoryName.exec(name)?.[1];
    if (owner === undefined || isProcessAlive(Number(owner))) continue;
    const directory = path.join(os.tmpdir(), name);
    await stopOrphanedPostgres(path.join(directory, 'postgres'));
    await stopOrphanedNatsServer(directory);
    await rm(directory, { recursive: true, force: true });
  }
}
