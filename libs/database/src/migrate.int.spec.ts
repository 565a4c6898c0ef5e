import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@nightjar/testing';
import pg from 'pg';
import { createServiceRoles } from './create-roles.js';
import { isDatabaseAway, isUniqueViolation } from './database-errors.js';
import { migrate } from './migrate.js';
import { openJobsDatabase, openNvrDatabase } from './open-database.js';

let database: TestDatabase;
const directory = mkdtempSync(path.join(os.tmpdir(), 'nightjar-migrations-'));

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
  rmSync(directory, { recursive: true, force: true });
});

async function query(sql: string, url = database.url): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

describe('migrations', () => {
  it('are all applied already, so that a second start has nothing to do', async () => {
    await expect(migrate({ url: database.url })).resolves.toEqual([]);
  });

  it('leave nothing behind when one fails, and apply it once it is mended', async () => {
    const url = new URL(database.url);
    const name = `${url.pathname.slice(1)}_own`;
    await query(`CREATE DATABASE ${name}`);
    url.pathname = `/${name}`;
    const file = path.join(directory, '1_first', 'migration.sql');
    mkdirSync(path.dirname(file));
    writeFileSync(file, 'CREATE TABLE a (n int); CREATE TABLE a (n int);');
    await expect(migrate({ url: url.toString(), directory })).rejects.toThrow(/migration 1_first failed, nothing of it was applied/);
    writeFileSync(file, 'CREATE TABLE a (n int);');
    await expect(migrate({ url: url.toString(), directory })).resolves.toEqual(['1_first']);
    writeFileSync(file, 'CREATE TABLE a (n bigint);');
    await expect(migrate({ url: url.toString(), directory })).rejects.toThrow(/edited after it was applied/);
    rmSync(path.dirname(file), { recursive: true });
    await expect(migrate({ url: url.toString(), directory })).rejects.toThrow(/newer than this program: it has 1_first/);
    await query(`DROP DATABASE ${name} WITH (FORCE)`);
  });

  it('run once when several processes start at the same moment', async () => {
    const name = `${new URL(database.url).pathname.slice(1)}_race`;
    await query(`CREATE DATABASE ${name}`);
    const url = Object.assign(new URL(database.url), { pathname: `/${name}` }).toString();
    const applied = await Promise.all([migrate({ url }), migrate({ url }), migrate({ url })]);
    expect(applied.flat()).toHaveLength(new Set(applied.flat()).size);
    expect(applied.flat().length).toBeGreaterThan(0);
    await query(`DROP DATABASE ${name} WITH (FORCE)`);
  });
});

describe('service roles', () => {
  it('see their own schema and not the other one', async () => {
    const { gatewayUrl, nvrUrl } = await createServiceRoles({ ownerUrl: database.url, passwords: { gateway: 'g-1', nvr: 'n-1' } });
    const jobs = openJobsDatabase({ url: gatewayUrl });
    const nvr = openNvrDatabase({ url: nvrUrl });
    await expect(jobs.job.count()).resolves.toBe(0);
    await expect(nvr.camera.count()).resolves.toBe(0);
    await expect(query('SELECT * FROM nvr.camera', gatewayUrl)).rejects.toThrow(/permission denied for schema nvr/);
    await expect(query('SELECT * FROM jobs.job', nvrUrl)).rejects.toThrow(/permission denied for schema jobs/);
    await expect(query('DROP TABLE jobs.job', gatewayUrl)).rejects.toThrow(/must be owner/);
    await jobs.$disconnect();
    await nvr.$disconnect();
  });
});

describe('a database error', () => {
  it('that says Postgres is away is told from one that does not', async () => {
    const away = openJobsDatabase({ url: 'postgresql://nobody@127.0.0.1:1/none' });
    const refused = await away.job.count().catch((error: unknown) => error);
    expect(isDatabaseAway(refused)).toBe(true);
    await away.$disconnect();
    expect(isDatabaseAway(new Error('column "x" does not exist'))).toBe(false);
  });

  it('that says a row exists already is recognised', async () => {
    const nvr = openNvrDatabase({ url: database.url });
    const row = { name: 'a', framesName: 'camera_0', rtspUrl: 'rtsp://10.0.0.1/main' };
    await nvr.camera.create({ data: row });
    const error = await nvr.camera.create({ data: row }).catch((thrown: unknown) => thrown);
    expect(isUniqueViolation(error)).toBe(true);
    expect(isUniqueViolation(new Error('x'))).toBe(false);
    await nvr.$disconnect();
  });
});
