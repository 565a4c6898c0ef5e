import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const password = 'correct horse battery';
let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr();
});
afterAll(() => nvr.stop());

const send = (method: string, route: string, body?: unknown, token = nvr.token) =>
  nvr.send<Record<string, unknown>>(method, `/api/v1${route}`, body, { authorization: `Bearer ${token}` });

describe('roles', () => {
  it('are made, changed and removed by an admin, and what they hold counts for their users', async () => {
    const made = await send('POST', '/roles', { name: 'guard', permissions: ['alerts.view'] });
    expect(made).toMatchObject({ status: 201, body: { name: 'guard', permissions: ['alerts.view'], is_builtin: false } });
    const roleId = made.body.id as number;
    expect(roleId).toBeGreaterThanOrEqual(100);
    const user = await send('POST', '/users', { username: 'gus', password, role_id: roleId });
    expect(user.body).toMatchObject({ role_id: roleId, role_name: 'guard', is_superuser: false });
    const token = await logIn(nvr.url, { username: 'gus', password });
    expect((await send('GET', '/events/latest', undefined, token)).status).toBe(200);
    for (const route of ['/cameras', '/audit-logs', '/users', '/roles'])
      expect([route, (await send('GET', route, undefined, token)).status]).toEqual([route, 403]);
    await send('PUT', `/permissions/roles/${roleId}`, { permissions: ['cameras.view', 'audit.view'] });
    // At once, though what the role held before is still remembered.
    expect((await send('GET', '/cameras', undefined, token)).status).toBe(200);
    expect((await send('GET', '/audit-logs', undefined, token)).status).toBe(200);
    expect((await send('GET', '/events/latest', undefined, token)).status).toBe(403);
    expect((await send('GET', '/users/me/permissions', undefined, token)).body).toEqual({
      permissions: ['cameras.view', 'audit.view'],
      is_superuser: false,
    });
    expect((await send('DELETE', `/roles/${roleId}`)).status).toBe(409);
    await send('DELETE', `/users/${user.body.id as number}`);
    expect((await send('DELETE', `/roles/${roleId}`)).status).toBe(200);
    expect((await send('GET', `/roles/${roleId}`)).status).toBe(404);
    const { logs } = (await send('GET', '/audit-logs')).body as { logs: { action: string }[] };
    // Who was refused stands there too, a little later.
    const actions = logs.map(({ action }) => action).filter((action) => action !== 'access.refused');
    expect(actions.slice(0, 4)).toEqual(['role.deleted', 'user.deleted', 'role.changed', 'login.succeeded']);
  });

  it('that came with the NVR stay as they are', async () => {
    for (const id of [1, 2, 3]) {
      expect((await send('PUT', `/roles/${id}`, { permissions: [] })).status).toBe(409);
      expect((await send('DELETE', `/roles/${id}`)).status).toBe(409);
    }
    expect((await send('GET', '/roles/1')).body).toMatchObject({
      name: 'admin',
      permissions: (await send('GET', '/permissions')).body.permissions,
    });
  });

  it('may nothing when they are made without permissions', async () => {
    const made = await send('POST', '/roles', { name: 'newcomer' });
    expect([made.status, made.body.permissions]).toEqual([201, []]);
  });

  it('are refused with a name that is taken or odd, and with permissions that there are not', async () => {
    await send('POST', '/roles', { name: 'night shift', permissions: [] });
    expect((await send('POST', '/roles', { name: 'night shift', permissions: [] })).status).toBe(409);
    for (const body of [
      {},
      { name: '<b>', permissions: [] },
      { name: '', permissions: [] },
      { name: 'x', permissions: ['full_access'] },
      { name: 'x', permissions: ['__proto__'] },
      { name: 'x', permissions: [], is_builtin: true },
    ])
      expect([body, (await send('POST', '/roles', body)).status]).toEqual([body, 422]);
    for (const odd of ['0', '-1', 'x', '__proto__', '99999999999']) expect((await send('GET', `/roles/${odd}`)).status).toBe(404);
    expect((await send('POST', '/users', { username: 'lost', password, role_id: 99 })).status).toBe(422);
  });

  it('below admin never manage users, roles or keys', async () => {
    await send('POST', '/users', { username: 'oscar', password, role_id: 2 });
    const token = await logIn(nvr.url, { username: 'oscar', password });
    for (const [method, route, body] of [
      ['POST', '/users', { username: 'x', password, role_id: 1 }],
      ['PUT', '/users/1', { password: 'taken over by me' }],
      ['POST', '/roles', { name: 'x', permissions: [] }],
      ['PUT', '/permissions/roles/2', { permissions: ['audit.view'] }],
      ['POST', '/api-keys', { name: 'x', scopes: ['events:read'], camera_ids: 'all' }],
    ] as const)
      expect([method, route, (await send(method, route, body, token)).status]).toEqual([method, route, 403]);
  });
});
