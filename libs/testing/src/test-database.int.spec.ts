import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from './test-database.js';

describe('a test database', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('has both schemas, migrated', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ nspname: string }>(
      `select nspname from pg_namespace where nspname in ('jobs', 'nvr') order by 1`,
    );
    await client.end();
    expect(rows.map((row) => row.nspname)).toEqual(['jobs', 'nvr']);
  });

  it('shares no rows with another one', async () => {
    const other = await createTestDatabase();
    const client = new pg.Client({ connectionString: other.url });
    await client.connect();
    await client.query('create table public.only_here ()');
    await client.end();
    await other.drop();
    const own = new pg.Client({ connectionString: database.url });
    await own.connect();
    const { rows } = await own.query(`select to_regclass('public.only_here') as found`);
    await own.end();
    expect(rows).toEqual([{ found: null }]);
  });
});
