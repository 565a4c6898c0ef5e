import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { overlayDrawn, reportEvent } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { SseReader } from '../sse-reader.fixture.js';
import { logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import type { UserView } from './user-view.js';

const password = 'correct horse battery';
let nvr: TestNvr;
let cameraId: number;
let otherCameraId: number;
beforeAll(async () => {
  nvr = await startTestNvr();
  const camera = (name: string) => nvr.database.camera.create({ data: { framesName: name, name, rtspUrl: `rtsp://10.0.0.1/${name}` } });
  [cameraId, otherCameraId] = [(await camera('gate')).id, (await camera('vault')).id];
});
afterAll(() => nvr.stop());

const send = (method: string, route: string, body?: unknown, token = nvr.token) =>
  nvr.send(method, `/api/v1${route}`, body, { authorization: `Bearer ${token}` });
const create = async (username: string, more: object = {}) =>
  (await send('POST', '/users', { username, password, ...more })).body as UserView;
const statusOf = async (token: string, route: string) => (await send('GET', route, undefined, token)).status;

describe('users', () => {
  it('are made, read, changed and removed by an admin, as OpenNVR’s clients do it', async () => {
    const made = await create('anna', { email: 'anna@example.org', first_name: 'Anna', role_id: 3 });
    expect(made).toMatchObject({
      username: 'anna',
      email: 'anna@example.org',
      first_name: 'Anna',
      last_name: null,
      is_active: true,
      role_id: 3,
      role_name: 'viewer',
      is_superuser: false,
      password_set: true,
    });
    expect(JSON.stringify(made)).not.toMatch(/hash|argon/);
    expect((await send('GET', `/users/${made.id}`)).body).toEqual(made);
    expect((await send('GET', '/users/')).body).toEqual(expect.arrayContaining([made]));
    expect((await send('PUT', `/users/${made.id}`, { last_name: 'B', role_id: 1 })).body).toMatchObject({
      last_name: 'B',
      is_superuser: true,
    });
    expect(await send('DELETE', `/users/${made.id}`)).toEqual({ status: 200, body: { message: 'User deleted successfully' } });
    expect((await send('GET', `/users/${made.id}`)).status).toBe(404);
    expect((await send('GET', '/roles/')).body).toMatchObject([{ name: 'admin' }, { name: 'operator' }, { name: 'viewer' }]);
  });

  it('know who they are, and manage nobody', async () => {
    const { id } = await create('plain');
    const token = await logIn(nvr.url, { username: 'plain', password });
    expect((await send('GET', '/users/me', undefined, token)).body).toMatchObject({ id, username: 'plain', role_name: 'viewer' });
    for (const [method, route] of [
      ['GET', '/users'],
      ['POST', '/users'],
      ['GET', `/users/${id}`],
      ['PUT', `/users/${id}`],
      ['DELETE', `/users/${id}`],
      ['PUT', `/users/${id}/cameras`],
    ] as const)
      expect([method, route, (await send(method, route, method === 'GET' ? undefined : {}, token)).status]).toEqual([method, route, 403]);
  });

  it('change their own names and address, and nothing that is a right', async () => {
    const { id } = await create('nora');
    const token = await logIn(nvr.url, { username: 'nora', password });
    const change = { first_name: 'Nora', email: 'nora@example.org' };
    expect(await send('PUT', '/users/me', change, token)).toMatchObject({ status: 200, body: { id, ...change, role_name: 'viewer' } });
    for (const body of [{ role_id: 1 }, { is_superuser: true }, { password }, { is_active: false }, { email: 'x' }])
      expect([body, (await send('PUT', '/users/me', body, token)).status]).toEqual([body, 422]);
    expect(await statusOf(token, '/users/me')).toBe(200);
    expect(await nvr.database.auditEntry.findFirst({ where: { entityId: String(id), action: 'user.changed' } })).toMatchObject({
      actorUserId: id,
    });
  });

  it('are made as viewers by register, whatever is asked for, by an admin', async () => {
    const body = { username: 'reg', password, email: 'reg@example.org', role_id: 1 };
    expect(await send('POST', '/auth/register', body)).toMatchObject({
      status: 200,
      body: { username: 'reg', role_id: 3, is_superuser: false },
    });
    expect((await send('POST', '/auth/register', body)).status).toBe(400);
    const token = await logIn(nvr.url, { username: 'reg', password });
    expect((await send('POST', '/auth/register', { ...body, username: 'reg2' }, token)).status).toBe(403);
  });

  it('have names and passwords that are refused when they are taken, weak or odd', async () => {
    await create('taken');
    expect((await send('POST', '/users', { username: 'taken', password })).status).toBe(409);
    for (const body of [
      { username: 'weak', password: 'abcdefgh' },
      { username: 'weak', password: 'weak-Weak-1' },
      { username: '<b>x</b>', password },
      { username: 'a b', password },
      { username: '', password },
      { username: 'x', password, email: 'no mail' },
      { username: 'x', password, role_id: 2_000 },
      { username: 'x', password, first_name: 'a\u0000b' },
    ])
      expect([body, (await send('POST', '/users', body)).status]).toEqual([body, 422]);
    for (const odd of ['0', '-1', '1e3', '__proto__', '99999999999', 'x']) expect((await send('GET', `/users/${odd}`)).status).toBe(404);
  });

  it('whose rights or password change have to sign in again', async () => {
    for (const change of [{ is_active: false }, { password: 'another horse battery' }, { role_id: 1 }]) {
      const name = `loser-${Object.keys(change).join('')}`;
      const { id } = await create(name);
      const tokens = [await logIn(nvr.url, { username: name, password }), await logIn(nvr.url, { username: name, password })];
      const statuses = () => Promise.all(tokens.map((token) => statusOf(token, '/users/me')));
      // Known here from now on, for longer than the change takes.
      expect(await statuses()).toEqual([200, 200]);
      await send('PUT', `/users/${id}`, change);
      expect([change, await statuses()]).toEqual([change, [401, 401]]);
      await send('DELETE', `/users/${id}`);
    }
  });

  it('who are removed are nobody at once', async () => {
    const { id } = await create('removed');
    const token = await logIn(nvr.url, { username: 'removed', password });
    expect(await statusOf(token, '/users/me')).toBe(200);
    await send('DELETE', `/users/${id}`);
    expect(await statusOf(token, '/users/me')).toBe(401);
  });

  it('have an e-mail address that nobody else has, however it is written, also when two ask at the same moment', async () => {
    const email = 'only_one@example.org';
    const { id } = await create('only', { email });
    const token = await logIn(nvr.url, { username: 'only', password });
    const other = await create('other', { email: 'onlyXone@example.org' });
    expect(other.email).toBe('onlyXone@example.org');
    const otherToken = await logIn(nvr.url, { username: 'other', password });
    const taken = { status: 409, body: { detail: 'there is a user with this e-mail address' } };
    for (const given of [email, 'Only_One@Example.ORG']) {
      expect(await send('POST', '/users', { username: 'second', password, email: given })).toEqual(taken);
      expect(await send('POST', '/auth/register', { username: 'second', password, email: given })).toEqual({ ...taken, status: 400 });
      expect(await send('PUT', `/users/${other.id}`, { email: given })).toEqual(taken);
      expect(await send('PUT', '/users/me', { email: given }, otherToken)).toEqual(taken);
      // Who has it sends it back, and may write it otherwise.
      expect(await send('PUT', `/users/${id}`, { email: given })).toMatchObject({ status: 200, body: { email: given } });
      expect((await send('PUT', '/users/me', { email: given }, token)).status).toBe(200);
    }
    expect(await nvr.database.user.count({ where: { username: 'second' } })).toBe(0);
    for (const username of ['none-1', 'none-2']) expect(await create(username, { email: null })).toMatchObject({ username, email: null });
    const rivals = ['rival-1', 'rival-2', 'rival-3'].map((username) =>
      send('POST', '/users', { username, password, email: 'rival@example.org' }),
    );
    const own = send('PUT', '/users/me', { email: 'RIVAL@example.org' }, otherToken);
    const statuses = (await Promise.all([...rivals, own])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 409, 409, 409]);
  });

  it('who had one address together before it was refused keep it, and nobody joins them', async () => {
    const [first, second] = [await create('twin-1'), await create('twin-2')];
    await nvr.database.user.updateMany({ where: { id: { in: [first.id, second.id] } }, data: { email: 'twins@example.org' } });
    expect((await send('PUT', `/users/${second.id}`, { email: 'twins@example.org', last_name: 'Twin' })).status).toBe(200);
    expect((await send('POST', '/users', { username: 'triplet', password, email: 'twins@example.org' })).status).toBe(409);
  });

  it('never lock everybody out: the last admin stays, whoever asks at the same moment', async () => {
    const admin = (await send('GET', '/users/me')).body as UserView;
    for (const change of [{ is_active: false }, { is_superuser: false }])
      expect((await send('PUT', `/users/${admin.id}`, change)).status).toBe(409);
    expect((await send('DELETE', `/users/${admin.id}`)).status).toBe(409);
    const second = await create('second-admin', { role_id: 1 });
    const token = await logIn(nvr.url, { username: 'second-admin', password });
    const answers = await Promise.all([
      send('PUT', `/users/${second.id}`, { is_active: false }),
      send('PUT', `/users/${admin.id}`, { is_active: false }, token),
    ]);
    expect(await nvr.database.user.count({ where: { isSuperuser: true, isActive: true } })).toBe(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    // Whoever won: the tests go on as the first admin.
    await nvr.database.user.update({ where: { id: admin.id }, data: { isActive: true } });
    await nvr.database.user.delete({ where: { id: second.id } });
    nvr.token = await logIn(nvr.url);
  });
});

describe('a camera that was granted to a user', () => {
  let token: string;
  let userId: number;
  let run = 0;
  beforeEach(async () => {
    const username = `viewer-${++run}`;
    ({ id: userId } = await create(username));
    token = await logIn(nvr.url, { username, password });
    // A picture counts for 30 s.
    for (const name of ['gate', 'vault']) {
      await mkdir(path.join(nvr.config.framesDir, name), { recursive: true });
      await writeFile(path.join(nvr.config.framesDir, name, 'latest.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0]));
    }
  });
  const grant = (...ids: (number | string)[]) => send('PUT', `/users/${userId}/cameras`, { camera_ids: ids });
  const report = (camera_id: number) =>
    nvr.bus.request(
      reportEvent,
      {
        camera_id,
        label: 'person',
        score: 0.9,
        track_id: `t-${Math.random()}`,
        started_at_unix_ms: Date.now(),
        ended_at_unix_ms: null,
        frame_file: null,
        payload: {},
      },
      { timeoutMs: 60_000 },
    );
  /** Every way to get at something of a camera. */
  const variants = (id: number) => [
    `/cameras/${id}`,
    `/cameras/${id}/snapshot`,
    `/recordings/${id}?start_unix=1&end_unix=2`,
    `/events/latest?camera_id=${id}`,
  ];

  it('is seen in every variant while it is granted, and in none before and after', async () => {
    await report(cameraId);
    const statuses = () => Promise.all(variants(cameraId).map((route) => statusOf(token, route)));
    expect(await statuses()).toEqual([404, 404, 404, 404]);
    expect(await grant(cameraId)).toEqual({ status: 200, body: { camera_ids: [cameraId] } });
    expect(await statuses()).toEqual([200, 200, 200, 200]);
    expect(await Promise.all(variants(otherCameraId).map((route) => statusOf(token, route)))).toEqual([404, 404, 404, 404]);
    const { body } = await send('GET', '/cameras', undefined, token);
    expect(body).toMatchObject({ total: 1, cameras: [{ id: cameraId }] });
    await grant();
    expect(await statuses()).toEqual([404, 404, 404, 404]);
  });

  it('may be looked at and not be changed', async () => {
    await grant(cameraId);
    expect((await send('PUT', `/cameras/${cameraId}`, { name: 'mine' }, token)).status).toBe(403);
    expect((await send('DELETE', `/cameras/${cameraId}`, undefined, token)).status).toBe(403);
  });

  it('is heard of live, and its neighbours are not', async () => {
    await grant(cameraId);
    const reader = await SseReader.open(`${nvr.url}/api/v1/events/stream`, { authorization: `Bearer ${token}` });
    await reader.until(({ lastId }) => lastId !== undefined);
    const box = { frame_ts_ms: 1, frame: { w: 1, h: 1 }, tracks: [] };
    await report(otherCameraId);
    await report(cameraId);
    nvr.bus.publish(overlayDrawn, { camera_id: otherCameraId, ...box });
    nvr.bus.publish(overlayDrawn, { camera_id: cameraId, ...box });
    await reader.until((seen) => seen.of('notification').length > 0 && seen.of('overlay').length > 0);
    const cameras = [...reader.of('notification'), ...reader.of('overlay')].map(({ data }) => (data as { camera_id: number }).camera_id);
    expect(new Set(cameras)).toEqual(new Set([cameraId]));
    reader.close();
  });

  it('is granted by any of its names, and once', async () => {
    for (const name of [cameraId, `${cameraId}`, `cam${cameraId}`, `cam-${cameraId}`, 'gate'])
      expect([name, (await grant(name)).body]).toEqual([name, { camera_ids: [cameraId] }]);
    expect((await grant('vault', cameraId, 'gate', `cam${otherCameraId}`)).body).toEqual({ camera_ids: [cameraId, otherCameraId] });
    // A camera may be called like what is given to those that nobody names: the name counts.
    const named = await nvr.database.camera.create({ data: { framesName: `camera_${cameraId}`, name: 'x', rtspUrl: 'rtsp://10.0.0.1/x' } });
    expect((await grant(`camera_${cameraId}`)).body).toEqual({ camera_ids: [named.id] });
    await nvr.database.camera.delete({ where: { id: named.id } });
    expect((await grant(`camera_${cameraId}`)).status).toBe(404);
  });

  it('can only be one that is there, and goes with its user', async () => {
    for (const nobody of [4_711, 0, 2 ** 31, 'cam4711', 'nobody', '__proto__'])
      expect([nobody, (await grant(cameraId, nobody)).status]).toEqual([nobody, 404]);
    expect((await send('GET', `/users/${userId}/cameras`)).body).toEqual({ camera_ids: [] });
    for (const wrong of [{ camera_ids: 'all' }, { camera_ids: [''] }, { camera_ids: [1.5] }, {}, { camera_ids: [], more: 1 }])
      expect((await send('PUT', `/users/${userId}/cameras`, wrong)).status).toBe(422);
    await grant(cameraId, otherCameraId, cameraId);
    await send('DELETE', `/users/${userId}`);
    await until(async () => (await nvr.database.cameraGrant.count({ where: { userId } })) === 0);
  });
});
