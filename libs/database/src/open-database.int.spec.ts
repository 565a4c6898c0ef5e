import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@nightjar/testing';
import { isUniqueViolation, orUnavailable } from './database-errors.js';
import { Prisma } from './generated/client.js';
import { openJobsDatabase, type JobsDatabase } from './open-database.js';

describe('statements', () => {
  let testDatabase: TestDatabase;
  let database: JobsDatabase;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = openJobsDatabase({ url: testDatabase.url, connectionsMax: 1 });
  });
  afterAll(async () => {
    await database?.$disconnect();
    await testDatabase?.drop();
  });

  const planned = async () => {
    const rows = await database.$queryRaw<{ statement: string }[]>`SELECT statement FROM pg_prepared_statements`;
    return rows.map(({ statement }) => statement);
  };

  it('are planned once on a connection, whatever their values', async () => {
    for (const tenantId of [1, 2, 3]) await database.job.count({ where: { tenantId } });
    expect((await planned()).filter((statement) => statement.includes('"tenant_id" = $1'))).toHaveLength(1);
  });

  it('of more texts than a connection keeps still run', async () => {
    for (let n = 0; n < 250; n++) {
      const rows = await database.$queryRaw<{ n: number }[]>(Prisma.sql([`SELECT ${n} AS n`]));
      expect(rows).toEqual([{ n }]);
    }
    expect((await planned()).length).toBeLessThanOrEqual(200);
  });

  it('that fail inside a transaction leave the connection usable', async () => {
    await expect(database.$transaction([database.$queryRaw`SELECT 1`, database.$queryRaw`SELECT 1 / 0`])).rejects.toThrow(
      /division by zero/,
    );
    await expect(database.job.count()).resolves.toBe(0);
  });
});

describe('planned statements', () => {
  it('read as Prisma reads them, and tell of a lost connection and of a row that is there already', async () => {
    const testDatabase = await createTestDatabase();
    const database = openJobsDatabase({ url: testDatabase.url, connectionsMax: 1 });
    const id = 5;
    const inner = Prisma.sql`${id}::int AS id, ${new Uint8Array([1, 2])}::bytea AS bytes, ${9_007_199_254_740_993n}::bigint AS big`;
    const [row] = await database.$planned<Record<string, unknown>>`
      SELECT ${inner}, '2026-01-02T03:04:05Z'::timestamptz AS at, '{"a":[1]}'::json AS json, NULL AS nothing`;
    expect(row).toEqual({
      id,
      bytes: Buffer.from([1, 2]),
      big: 9_007_199_254_740_993n,
      at: new Date('2026-01-02T03:04:05Z'),
      json: { a: [1] },
      nothing: null,
    });
    const insert = () => database.$planned`INSERT INTO jobs.tenant (id) VALUES (${id})`;
    await insert();
    expect(isUniqueViolation(await insert().catch((error: unknown) => error))).toBe(true);
    await expect(orUnavailable(database.$planned`SELECT pg_terminate_backend(pg_backend_pid())`)).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await database.$planned`SELECT 1 AS n`).toEqual([{ n: 1 }]);
    await database.$disconnect();
    await testDatabase.drop();
  });
});

describe('a Postgres that can write nothing now', () => {
  it.each([
    ['its disk is full', '53100'],
    ['it has no memory left', '53200'],
    ['it is a standby', '25006'],
  ])('is one to come back to when %s', async (_why, state) => {
    const testDatabase = await createTestDatabase();
    const database = openJobsDatabase({ url: testDatabase.url, connectionsMax: 1 });
    const fails = `BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${state}'; END`;
    const prepare = [
      `CREATE FUNCTION jobs.fail() RETURNS trigger LANGUAGE plpgsql AS $$ ${fails} $$`,
      'CREATE TRIGGER fail BEFORE INSERT ON jobs.tenant EXECUTE FUNCTION jobs.fail()',
    ];
    for (const statement of prepare) await database.$executeRaw(Prisma.raw(statement));
    const id = 7;
    const failing: (() => PromiseLike<unknown>)[] = [
      () => database.$executeRaw`INSERT INTO jobs.tenant (id) VALUES (${id})`,
      () => database.$planned`INSERT INTO jobs.tenant (id) VALUES (${id})`,
      () => database.tenant.create({ data: { id } }),
    ];
    for (const insert of failing) await expect(orUnavailable(insert())).rejects.toMatchObject({ code: 'unavailable' });
    await database.$disconnect();
    await testDatabase.drop();
  });
});

describe('a Postgres that hangs with its connections open', () => {
  it('is given up a second after the longest statement, and asked again when it is back', async () => {
    const testDatabase = await createTestDatabase();
    const database = openJobsDatabase({ url: testDatabase.url, connectionsMax: 1, statementMs: 200 });
    const [{ pid } = { pid: 0 }] = await database.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
    process.kill(pid, 'SIGSTOP');
    try {
      await expect(orUnavailable(database.job.count())).rejects.toMatchObject({ code: 'unavailable' });
      await expect(database.job.count()).resolves.toBe(0);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await database.$disconnect();
    await testDatabase.drop();
  });
});
