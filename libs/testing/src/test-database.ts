import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { readTestPostgresUrl } from './config.js';
import { templateDatabase } from './test-postgres.js';

/** A database of its own for one spec file. */
export interface TestDatabase {
  /** Superuser URL; both schemas are there, migrated and empty. */
  readonly url: string;
  /** Ends connections that were left open and removes the database. */
  drop(): Promise<void>;
}

/** Copies the run's migrated template: about 0.1 s. Call it in `beforeAll`, `drop` in `afterAll`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = readTestPostgresUrl();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await runStatement(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${templateDatabase}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.toString(), drop: () => runStatement(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function runStatement(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
