import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma } from '@nightjar/database';
import { systemClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import type { ChainFault } from './audit-chain.js';
import { AuditLog } from './audit-log.js';

interface Log {
  id: number;
  action: string;
  entity_type: string;
  entity_id: string | null;
  details: Record<string, unknown>;
  ip: string;
  user_agent: string;
  user_id: number | null;
  actor: string;
  request_id: string;
  timestamp: string;
}

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr();
});
afterAll(() => nvr.stop());

const send = (method: string, route: string, body?: unknown, token = nvr.token) => {
  const headers = { authorization: `Bearer ${token}`, 'user-agent': 'spec/1', 'x-request-id': 'request-of-spec' };
  return nvr.send<Record<string, unknown>>(method, `/api/v1${route}`, body, headers);
};
const logs = async (query = '') => (await send('GET', `/audit-logs/${query}`)).body as unknown as { logs: Log[]; total: number };
/** @returns actions that were logged by the work, oldest first */
async function loggedBy(work: () => Promise<unknown>): Promise<Log[]> {
  const before = (await logs('?limit=1')).total;
  await work();
  const after = await logs(`?limit=1000`);
  return after.logs.slice(0, after.total - before).reverse();
}
const actionsOf = async (work: () => Promise<unknown>) => (await loggedBy(work)).map(({ action }) => action);
const newUser = { username: 'anna', password: 'correct horse battery' };

describe('the audit log', () => {
  it('has signing in and out, and who failed to, with where from', async () => {
    const [succeeded, out] = await loggedBy(async () => {
      const { body } = await send('POST', '/auth/login-json', { username: 'admin', password: adminPassword });
      await send('POST', '/auth/logout', undefined, String(body.access_token));
    });
    const origin = { ip: '127.0.0.1', user_agent: 'spec/1', request_id: 'request-of-spec', user_id: 1, actor: 'admin' };
    expect(succeeded).toMatchObject({ ...origin, action: 'login.succeeded', entity_type: 'session' });
    expect(out).toMatchObject({ ...origin, action: 'logout', entity_type: 'session', entity_id: succeeded?.entity_id });
    const failed = await loggedBy(async () => {
      for (let time = 0; time < 6; time++) await send('POST', '/auth/login-json', { username: 'admin', password: 'wrong' });
    });
    expect(failed.map(({ action }) => action)).toEqual([...Array<string>(5).fill('login.failed'), 'login.locked']);
    expect(failed.at(-1)).toMatchObject({ user_id: 1, entity_type: 'user', entity_id: '1' });
    await nvr.database.loginFailure.deleteMany();
  });

  it('never has what somebody typed: a password in the field of the name, or in its own', async () => {
    await send('POST', '/auth/login-json', { username: 'my-secret-password', password: 'another-secret' });
    const [{ details } = { details: {} }] = (await logs('?action=login.failed&limit=1')).logs;
    expect(details).toEqual({ reason: 'unknown_user' });
    const rows = await nvr.database.$queryRaw<{ row: string }[]>`SELECT audit_entry::text AS row FROM nvr.audit_entry`;
    expect(JSON.stringify(rows)).not.toMatch(/secret|correct horse|argon2/);
  });

  it('has every change of users and what they may see', async () => {
    const cameraId = (await nvr.database.camera.create({ data: { framesName: 'gate', name: 'gate', rtspUrl: 'rtsp://10.0.0.1/' } })).id;
    const entries = await loggedBy(async () => {
      const id = Number((await send('POST', '/users', newUser)).body.id);
      await send('PUT', `/users/${id}`, { role_id: 1, last_name: 'Secret', password: 'another horse battery' });
      await send('PUT', `/users/${id}`, { is_active: false });
      await send('POST', `/users/${id}/activate`);
      await send('PUT', `/users/${id}/cameras`, { camera_ids: [cameraId] });
      await send('DELETE', `/users/${id}`);
    });
    expect(entries.map(({ action, details }) => [action, details])).toEqual([
      ['user.created', { username: 'anna', role: 'viewer' }],
      [
        'user.changed',
        { username: 'anna', role: { from: 'viewer', to: 'admin' }, fields: expect.arrayContaining(['lastName', 'password']) },
      ],
      ['user.changed', { username: 'anna', is_active: { from: true, to: false } }],
      ['user.activated', { username: 'anna' }],
      ['user.cameras_granted', { username: 'anna', camera_ids: [cameraId] }],
      ['user.deleted', { username: 'anna' }],
    ]);
    expect(new Set(entries.map(({ entity_type, entity_id, user_id }) => `${entity_type} ${entity_id} ${user_id}`)).size).toBe(1);
  });

  it('has every change of cameras, without their addresses and passwords', async () => {
    const entries = await loggedBy(async () => {
      const { body } = await send('POST', '/cameras', { name: 'yard', rtsp_url: 'rtsp://u:hidden-1@10.0.0.2/' });
      await send('PUT', `/cameras/${Number(body.id)}`, { password: 'hidden-2', location: 'north' });
      await send('DELETE', `/cameras/${Number(body.id)}`);
    });
    expect(entries.map(({ action, details }) => [action, details])).toEqual([
      ['camera.created', { name: 'yard' }],
      ['camera.changed', { name: 'yard', fields: expect.arrayContaining(['password', 'location']) }],
      ['camera.deleted', { name: 'yard' }],
    ]);
    expect(JSON.stringify(entries)).not.toMatch(/hidden|10\.0\.0\.2/);
  });

  it('has nothing of what did not happen', async () => {
    expect(
      await actionsOf(async () => {
        await send('POST', '/users', { ...newUser, username: 'admin' });
        await send('POST', '/users', { ...newUser, password: 'weak' });
        await send('DELETE', '/users/1');
        await send('PUT', '/users/1/cameras', { camera_ids: [4_711] });
        await send('DELETE', '/cameras/4711');
      }),
    ).toEqual([]);
  });

  it('has a new password, and one that was refused', async () => {
    await send('POST', '/users', { ...newUser, username: 'changer' });
    const token = await logIn(nvr.url, { ...newUser, username: 'changer' });
    const change = (current_password: string) =>
      send('POST', '/auth/change-password', { current_password, new_password: 'another horse battery' }, token);
    expect(await actionsOf(async () => [await change('wrong'), await change(newUser.password)])).toEqual([
      'password.change_failed',
      'password.changed',
    ]);
  });

  it('is read by admins only, in pages, by user and by action', async () => {
    const token = await logIn(nvr.url, { username: 'changer', password: 'another horse battery' });
    expect((await send('GET', '/audit-logs/', undefined, token)).status).toBe(403);
    await until(async () => (await logs('?action=access.refused')).total === 1);
    const all = await logs('?limit=1000');
    expect(all.total).toBe(all.logs.length);
    expect((await logs('?skip=1&limit=2')).logs).toEqual(all.logs.slice(1, 3));
    expect((await logs('?action=user.created')).logs.every(({ action }) => action === 'user.created')).toBe(true);
    const { id } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'changer' } });
    const own = await logs(`?user_id=${id}`);
    expect([own.total > 0, new Set(own.logs.map(({ actor }) => actor))]).toEqual([true, new Set(['changer'])]);
    for (const wrong of ['?limit=0', '?skip=-1', '?user_id=x', '?action=a%00b'])
      expect((await send('GET', `/audit-logs/${wrong}`)).status).toBe(422);
  });

  it('has who was refused on which route, without what a query may hold', async () => {
    const { id } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'changer' } });
    const token = await logIn(nvr.url, { username: 'changer', password: 'another horse battery' });
    await send('PUT', `/users/${id}/cameras`, { camera_ids: ['gate'] });
    const key = await send('POST', '/api-keys', { name: 'till', scopes: ['cameras:read'], camera_ids: 'all' });
    const refused = async () => (await logs('?action=access.refused')).logs;
    const before = (await refused()).length;
    const ask = (path: string, credential: string, body?: unknown) => send('POST', path, body, credential);
    const user = '/users/1/activate';
    // Once each: a second time would be told a minute later, in the middle of another test. The last not by the policy of its route.
    const tries = [
      () => ask(`${user}?ticket=secret`, token),
      () => ask(user, String(key.body.key)),
      () => ask('/cameras/gate/permissions', token, { user_id: id }),
    ];
    for (const [index, attempt] of tries.entries()) {
      expect((await attempt()).status).toBe(403);
      await until(async () => (await refused()).length === before + index + 1);
    }
    const byUser = { actor: 'changer', user_id: id, entity_type: 'route', request_id: 'request-of-spec', ip: '127.0.0.1' };
    const activate = { entity_id: 'POST /api/v1/users/:userId/activate', details: { path: '/api/v1/users/1/activate', refused: 1 } };
    expect((await refused()).slice(0, 3).reverse()).toMatchObject([
      { ...byUser, ...activate },
      { ...byUser, ...activate, actor: `key ${String(key.body.id)}`, user_id: null },
      { ...byUser, details: { path: '/api/v1/cameras/gate/permissions', refused: 1 } },
    ]);
    // Nobody is no actor.
    expect((await send('GET', '/users', undefined, 'nobody')).status).toBe(401);
    expect(await refused()).toHaveLength(before + 3);
  });

  it('holds texts that Postgres can’t', async () => {
    const answer = await fetch(`${nvr.url}/api/v1/auth/login-json`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"username":"half \\ud800 character","password":"x"}',
    });
    expect(answer.status).toBe(401);
    expect(await fault()).toBeUndefined();
  });

  it('is written one entry after the other by all who write at once', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, index) => send('POST', '/users', { ...newUser, username: `crowd-${index}` })));
    expect(await fault()).toBeUndefined();
  });
});

const fault = async () => (await new AuditLog(nvr.database, systemClock, nvr.config).check()).fault;

/** Runs `node dist/verify-audit.main.js` as an operator does. */
async function verify(env: Record<string, string> = {}): Promise<{ code: number; line: string }> {
  const main = fileURLToPath(new URL('../../dist/verify-audit.main.js', import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, DATABASE_URL: nvr.config.databaseUrl, NIGHTJAR_SECRET_KEY: nvr.config.secretKey, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 120_000,
  });
  let line = '';
  child.stdout.on('data', (part: Buffer) => (line += part.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, line: line.trim() };
}

describe('entries of the audit log', () => {
  it('are neither changed nor removed', async () => {
    await expect(nvr.database.$executeRaw`UPDATE nvr.audit_entry SET action = 'x'`).rejects.toThrow(/neither changed nor removed/);
    await expect(nvr.database.$executeRaw`DELETE FROM nvr.audit_entry`).rejects.toThrow(/neither changed nor removed/);
    await expect(nvr.database.$executeRaw`TRUNCATE nvr.audit_entry`).rejects.toThrow(/neither changed nor removed/);
  });

  /** Somebody with all rights on the database does something to the log, and takes it back after the check. */
  async function faultAfter(...steps: (string | (() => Promise<unknown>))[]): Promise<[ChainFault['kind'], number] | undefined> {
    const run = (sql: string) => nvr.database.$executeRaw(Prisma.raw(sql));
    await run('CREATE TABLE kept_entries AS SELECT * FROM nvr.audit_entry');
    await run('CREATE TABLE kept_head AS SELECT * FROM nvr.audit_head');
    await run('ALTER TABLE nvr.audit_entry DISABLE TRIGGER USER');
    for (const step of steps) await (typeof step === 'string' ? run(step) : step());
    const found = await fault();
    await run('DELETE FROM nvr.audit_entry');
    await run('INSERT INTO nvr.audit_entry SELECT * FROM kept_entries');
    await run('DELETE FROM nvr.audit_head');
    await run('INSERT INTO nvr.audit_head SELECT * FROM kept_head');
    await run('ALTER TABLE nvr.audit_entry ENABLE TRIGGER USER');
    await run('DROP TABLE kept_entries, kept_head');
    return found && [found.kind, Number(found.entryId)];
  }
  const lastId = async () => Number((await nvr.database.auditHead.findUniqueOrThrow({ where: { id: 1 } })).entryId);

  it.each([
    ['an altered actor', `UPDATE nvr.audit_entry SET actor_name = 'somebody else' WHERE id = 3`, ['altered', 3]],
    ['a moved time', `UPDATE nvr.audit_entry SET at = at + interval '1 ms' WHERE id = 3`, ['altered', 3]],
    ['altered details', `UPDATE nvr.audit_entry SET details = details || '{"more": 1}' WHERE id = 3`, ['altered', 3]],
    ['an altered hash', `UPDATE nvr.audit_entry SET hash = sha256(hash) WHERE id = 3`, ['altered', 3]],
    ['a deleted entry', `DELETE FROM nvr.audit_entry WHERE id = 3`, ['missing', 3]],
    ['a log without its first entries', `DELETE FROM nvr.audit_entry WHERE id < 4`, ['missing', 1]],
    ['a log that is empty', `DELETE FROM nvr.audit_entry`, ['missing', 1]],
  ] as const)('that were tampered with are found: %s', async (_name, statement, found) => {
    expect(await faultAfter(statement)).toEqual(found);
  });

  it('that were put in are found: before the begin, behind the end, and in the middle', async () => {
    const last = await lastId();
    const columns =
      'at, tenant_id, actor_user_id, actor_name, action, entity_type, entity_id, details, address, user_agent, request_id, hash';
    const copyTo = (id: number) =>
      `INSERT INTO nvr.audit_entry (id, ${columns}) SELECT ${id}, ${columns} FROM nvr.audit_entry WHERE id = 2`;
    expect(await faultAfter(copyTo(0))).toEqual(['inserted', 0]);
    expect(await faultAfter(copyTo(last + 1))).toEqual(['inserted', last + 1]);
    const makeRoom = [`UPDATE nvr.audit_entry SET id = -id WHERE id >= 3`, `UPDATE nvr.audit_entry SET id = -id + 1 WHERE id < 0`];
    expect(await faultAfter(...makeRoom, copyTo(3))).toEqual(['altered', 3]);
  });

  it('that were cut off are found, also when the end was moved with them', async () => {
    const last = await lastId();
    const cut = `DELETE FROM nvr.audit_entry WHERE id = ${last}`;
    expect(await faultAfter(cut)).toEqual(['missing', last]);
    const moveEnd = `UPDATE nvr.audit_head SET entry_id = ${last - 1}, hash = (SELECT hash FROM nvr.audit_entry WHERE id = ${last - 1})`;
    expect(await faultAfter(cut, moveEnd)).toEqual(['resealed', last - 1]);
    expect(await faultAfter(`DELETE FROM nvr.audit_head`)).toEqual(['inserted', 1]);
  });

  it('that were all taken away are missed, also when the service has begun the log anew', async () => {
    const empty = ['TRUNCATE nvr.audit_entry', 'TRUNCATE nvr.audit_head'];
    expect(await faultAfter(...empty)).toEqual(['missing', 1]);
    const goOn = () => logIn(nvr.url);
    expect(await faultAfter(...empty, goOn, goOn)).toEqual(['incomplete', 2]);
  });

  it('that were put back to an earlier moment are missed when users were made since then', async () => {
    const before = await lastId();
    await nvr.database.$executeRaw`CREATE TABLE earlier_head AS SELECT * FROM nvr.audit_head`;
    const cut = `DELETE FROM nvr.audit_entry WHERE id > ${before}`;
    const putBack = ['DELETE FROM nvr.audit_head', 'INSERT INTO nvr.audit_head SELECT * FROM earlier_head'];
    await send('POST', '/users', { ...newUser, username: 'later' });
    expect(await faultAfter(cut, ...putBack)).toEqual(['incomplete', before]);
    await nvr.database.$executeRaw`DROP TABLE earlier_head`;
    expect(await fault()).toBeUndefined();
  });

  it('are checked by a command, which names the first that does not fit and fails', async () => {
    expect(await verify()).toEqual({ code: 0, line: expect.stringMatching(/^audit log whole: \d+ entries$/) });
    expect(await verify({ NIGHTJAR_SECRET_KEY: Buffer.alloc(32, 7).toString('base64') })).toEqual({
      code: 1,
      line: expect.stringContaining('NIGHTJAR_SECRET_KEY is another one'),
    });
    expect((await verify({ DATABASE_URL: 'postgresql://nobody:x@127.0.0.1:1/none' })).code).toBe(2);
    await nvr.database.$executeRaw`ALTER TABLE nvr.audit_entry DISABLE TRIGGER USER`;
    await nvr.database.$executeRaw`DELETE FROM nvr.audit_entry WHERE id = 3`;
    expect(await verify()).toEqual({ code: 1, line: 'audit log broken: entry 3 is missing' });
  });
});
