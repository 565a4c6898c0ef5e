import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '@nightjar/runtime';
import pg from 'pg';

/** The key that Prisma's own engine locks: an operator may run either, never both at once. */
const advisoryLockKey = 72_707_369;

/** Prisma's table, so that its CLI reads our history and we read its. */
const createHistoryTable = `CREATE TABLE IF NOT EXISTS public._prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`;

interface HistoryRow {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
  rolled_back_at: Date | null;
}

/** The migrations of this release: `prisma/migrations` at the root of the checkout or image. */
export const migrationsDirectory = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

/**
 * Applies what is missing, each file and its history row in one transaction: a failure or a crash leaves nothing half done and
 * the next start tries again. Files hold no BEGIN/COMMIT and no CREATE INDEX CONCURRENTLY.
 * @returns names of the migrations that were applied now
 * @throws AppError `conflict` when the database is newer, an applied file was edited, or an earlier run of Prisma's CLI failed
 */
export async function migrate(options: { url: string; directory?: string; lockTimeoutMs?: number }): Promise<string[]> {
  const directory = options.directory ?? migrationsDirectory;
  const client = new pg.Client({ connectionString: options.url });
  await client.connect();
  try {
    await client.query(`SET lock_timeout = ${Math.round(options.lockTimeoutMs ?? 60_000)}`);
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLockKey]);
    await client.query('SET lock_timeout = 0');
    await client.query(createHistoryTable);
    const { rows } = await client.query<HistoryRow>(
      'SELECT migration_name, checksum, finished_at, rolled_back_at FROM public._prisma_migrations',
    );
    const missing = missingMigrations(rows, readMigrations(directory));
    for (const migration of missing) await apply(client, migration);
    return missing.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

function readMigrations(directory: string): Migration[] {
  return readdirSync(directory)
    .filter((name) => existsSync(path.join(directory, name, 'migration.sql')))
    .sort()
    .map((name) => {
      const sql = readFileSync(path.join(directory, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    });
}

function missingMigrations(history: HistoryRow[], migrations: Migration[]): Migration[] {
  const applied = new Map(history.filter((row) => !row.rolled_back_at).map((row) => [row.migration_name, row]));
  const failed = [...applied.values()].find((row) => !row.finished_at);
  if (failed) throw new AppError('conflict', `migration ${failed.migration_name} failed earlier: run "npx prisma migrate resolve"`);
  const newer = [...applied.keys()].filter((name) => !migrations.some((migration) => migration.name === name));
  if (newer.length > 0) throw new AppError('conflict', `the database is newer than this program: it has ${newer.join(', ')}`);
  const edited = migrations.find(({ name, checksum }) => (applied.get(name)?.checksum ?? checksum) !== checksum);
  if (edited) throw new AppError('conflict', `migration ${edited.name} was edited after it was applied`);
  return migrations.filter(({ name }) => !applied.has(name));
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(
      'INSERT INTO public._prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) VALUES ($1, $2, $3, now(), 1)',
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK');
    throw new AppError('internal', `migration ${migration.name} failed, nothing of it was applied: ${(cause as Error).message}`, { cause });
  }
}
