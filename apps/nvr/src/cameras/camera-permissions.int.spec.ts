import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const password = 'correct horse battery';
let nvr: TestNvr;
let cameraId: number;
let anna: { id: number; token: string };
let bert: { id: number; token: string };

beforeAll(async () => {
  nvr = await startTestNvr();
  cameraId = (await send('POST', '/cameras', { name: 'Yard', rtsp_url: 'rtsp://10.0.0.1/yard', frames_name: 'yard' })).body.id as number;
  await mkdir(path.join(nvr.config.framesDir, 'yard'), { recursive: true });
  anna = await addUser('anna');
  bert = await addUser('bert');
});
afterAll(() => nvr?.stop());

async function addUser(username: string) {
  const { id } = (await send('POST', '/users', { username, password, role_id: 3 })).body as { id: number };
  return { id, token: await logIn(nvr.url, { username, password }) };
}

const send = (method: string, route: string, body?: unknown, token = nvr.token) =>
  nvr.send<Record<string, unknown>>(method, `/api/v1${route}`, body, { authorization: `Bearer ${token}` });

const permissions = () => `/cameras/${cameraId}/permissions`;

describe('permissions of a camera', () => {
  it('let a user see it, then manage it, and are listed', async () => {
    expect((await send('GET', `${permissions()}/check`, undefined, anna.token)).status).toBe(404);
    const granted = await send('POST', permissions(), { user_id: anna.id });
    expect(granted).toMatchObject({
      status: 200,
      body: { camera_id: cameraId, user_id: anna.id, username: 'anna', can_view: true, can_manage: false },
    });
    expect((await send('GET', `${permissions()}/check`, undefined, anna.token)).body).toEqual({
      camera_id: cameraId,
      can_view: true,
      can_manage: false,
      is_owner: false,
    });
    const move = `/cameras/${cameraId}/ptz/move?x=1`;
    expect((await send('POST', move, undefined, anna.token)).status).toBe(403);
    await send('POST', permissions(), { user_id: anna.id, can_manage: true });
    // It has nothing to be moved by, which only who may move it learns.
    expect((await send('POST', move, undefined, anna.token)).status).toBe(409);
    expect((await send('GET', `${permissions()}/check`, undefined, anna.token)).body).toMatchObject({ can_manage: true });
    expect((await send('GET', permissions())).body).toMatchObject({ count: 1, permissions: [{ username: 'anna', can_manage: true }] });
  });

  it('are given and taken by admins and the owner, not by who manages the camera', async () => {
    await send('POST', permissions(), { user_id: anna.id, can_manage: true });
    for (const [method, route, body] of [
      ['GET', permissions(), undefined],
      ['POST', permissions(), { user_id: bert.id }],
      ['DELETE', `${permissions()}/${anna.id}`, undefined],
    ] as const) {
      expect([method, (await send(method, route, body, anna.token)).status]).toEqual([method, 403]);
      expect([method, (await send(method, route, body, bert.token)).status]).toEqual([method, 404]);
    }
    await nvr.database.camera.update({ where: { id: cameraId }, data: { ownerId: anna.id } });
    expect((await send('POST', permissions(), { user_id: bert.id }, anna.token)).status).toBe(200);
    expect((await send('GET', `${permissions()}/check`, undefined, anna.token)).body).toMatchObject({ is_owner: true, can_manage: true });
    expect((await send('DELETE', `${permissions()}/${bert.id}`, undefined, anna.token)).status).toBe(200);
    await nvr.database.camera.update({ where: { id: cameraId }, data: { ownerId: null } });
  });

  it('end what is open when they are taken away, and are told in the audit log', async () => {
    await send('POST', permissions(), { user_id: bert.id, can_manage: true });
    const headers = { authorization: `Bearer ${bert.token}` };
    // A picture counts for 30 s.
    await writeFile(path.join(nvr.config.framesDir, 'yard', 'latest.jpg'), 'picture');
    const live = await fetch(`${nvr.url}/api/v1/cameras/${cameraId}/live.mjpeg`, { headers });
    expect(live.status).toBe(200);
    expect((await send('DELETE', `${permissions()}/${bert.id}`)).status).toBe(200);
    expect((await send('GET', `/cameras/${cameraId}`, undefined, bert.token)).status).toBe(404);
    // Reads to the end, which comes.
    await live.arrayBuffer();
    expect((await send('DELETE', `${permissions()}/${bert.id}`)).status).toBe(404);
    for (const entry of [
      { action: 'camera.revoked', entity_id: String(cameraId) },
      { action: 'camera.granted', details: { user_id: bert.id, can_manage: true } },
    ])
      expect((await send('GET', `/audit-logs?action=${entry.action}&limit=1`)).body).toMatchObject({ logs: [entry] });
  });

  it('stay with an admin’s list of cameras for as long as the camera is on it', async () => {
    await send('POST', permissions(), { user_id: anna.id, can_manage: true });
    await send('PUT', `/users/${anna.id}/cameras`, { camera_ids: [cameraId] });
    expect((await send('GET', permissions())).body).toMatchObject({ permissions: [{ user_id: anna.id, can_manage: true }] });
    await send('PUT', `/users/${anna.id}/cameras`, { camera_ids: [] });
    expect((await send('GET', permissions())).body).toEqual({ permissions: [], count: 0 });
  });

  it('are refused for nobody, for nothing, and in odd words', async () => {
    expect((await send('POST', permissions(), { user_id: 999_999 })).status).toBe(404);
    for (const body of [{}, { user_id: 'x' }, { user_id: anna.id, can_view: false }, { user_id: anna.id, is_owner: true }])
      expect([body, (await send('POST', permissions(), body)).status]).toEqual([body, 422]);
    for (const odd of ['x', '0', '__proto__', '99999999999']) expect((await send('DELETE', `${permissions()}/${odd}`)).status).toBe(404);
  });
});
