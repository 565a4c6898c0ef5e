import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { isProcessAlive } from '../stop-process.js';
import { startEmbeddedPostgres, type EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';

const password = randomBytes(12).toString('base64');

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

describe('embedded Postgres', () => {
  let directory: string;
  let options: EmbeddedPostgresOptions;
  const started: EmbeddedPostgres[] = [];
  const start = async (changes: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> => {
    const server = await startEmbeddedPostgres({ ...options, ...changes });
    started.push(server);
    return server;
  };

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), `nightjar-test-${process.pid}-`));
    await chmod(directory, 0o711); // as root, Postgres runs as another user and must get through
    options = { dataDir: path.join(directory, 'postgres'), password, database: 'nightjar' };
  });
  afterEach(async () => {
    for (const server of started.splice(0)) await server.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('makes a cluster with checksums that only the password opens, and only on loopback', async () => {
    const server = await start();
    expect(server.dataDir).toBe(options.dataDir);
    expect(
      await query(
        server.url,
        `select current_setting('data_checksums') as checksums, current_setting('listen_addresses') as listens, current_setting('fsync') as fsync`,
      ),
    ).toEqual([{ checksums: 'on', listens: '127.0.0.1', fsync: 'on' }]);
    await expect(query(server.urlFor({ password: 'wrong' }), 'select 1')).rejects.toMatchObject({ code: '28P01' });
    const secrets = await readFile(path.join(server.dataDir, 'pg_hba.conf'), 'utf8');
    expect(secrets).not.toMatch(/^\s*(host|local).*\btrust\b/m);
    expect((await stat(server.dataDir)).mode & 0o077).toBe(0);
  });

  it('keeps its data from one start to the next, on the port asked for', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    expect(isProcessAlive(first.pid)).toBe(false);
    const second = await start({ port: first.port });
    expect(second.port).toBe(first.port);
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('takes over the server that a killed launcher left behind, and stops it in the end', async () => {
    const orphan = await start();
    await query(orphan.url, 'create table kept as select 1 as answer');
    const successor = await start();
    expect(successor).toMatchObject({ takenOver: true, pid: orphan.pid, port: orphan.port });
    expect(await query(successor.url, 'select answer from kept')).toEqual([{ answer: 1 }]);
    await successor.stop();
    await successor.exited;
    expect(isProcessAlive(orphan.pid)).toBe(false);
  });

  it('starts over a pid file whose number belongs to another program by now', async () => {
    const first = await start();
    const pidFile = path.join(first.dataDir, 'postmaster.pid');
    const lines = (await readFile(pidFile, 'utf8')).split('\n');
    await first.stop();
    await writeFile(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'), { mode: 0o600 });
    const second = await start();
    expect(second.takenOver).toBe(false);
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('has every committed row after it was killed', async () => {
    const first = await start();
    await query(first.url, 'create table kept (answer int)');
    await query(first.url, 'insert into kept select generate_series(1, 1000)');
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const second = await start();
    expect(await query(second.url, 'select count(*)::int as rows from kept')).toEqual([{ rows: 1000 }]);
  });

  it('says what to do when the password kept beside the data is another one', async () => {
    await (await start()).stop();
    await expect(startEmbeddedPostgres({ ...options, password: 'another' })).rejects.toThrow(
      /refuses the password .* restore the credentials file/,
    );
    expect(await start()).toMatchObject({ takenOver: false });
  });
});
