import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { overlayDrawn, reportEvent } from '@nightjar/contracts';
import { SseReader } from '../sse-reader.fixture.js';
import { logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import type { CreatedKey } from './keys.service.js';

const allScopes = ['cameras:read', 'recordings:read', 'events:read'];
let nvr: TestNvr;
let cameraId: number;
let otherCameraId: number;
beforeAll(async () => {
  nvr = await startTestNvr();
  const camera = (name: string) => nvr.database.camera.create({ data: { framesName: name, name, rtspUrl: `rtsp://10.0.0.1/${name}` } });
  [cameraId, otherCameraId] = [(await camera('gate')).id, (await camera('vault')).id];
  await report(cameraId);
  await report(otherCameraId);
});
afterAll(() => nvr.stop());

/** A picture counts for 30 s. */
async function drawPictures(): Promise<void> {
  for (const name of ['gate', 'vault']) {
    await mkdir(path.join(nvr.config.framesDir, name), { recursive: true });
    await writeFile(path.join(nvr.config.framesDir, name, 'latest.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0]));
  }
}

async function send(
  method: string,
  route: string,
  body?: unknown,
  headers: Record<string, string> = { authorization: `Bearer ${nvr.token}` },
) {
  const response = await fetch(`${nvr.url}/api/v1${route}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json().catch(() => undefined)) as unknown };
}
const make = async (more: object = {}) =>
  (await send('POST', '/api-keys', { name: 'door', scopes: allScopes, camera_ids: 'all', ...more })).body as CreatedKey;
const statusOf = async (key: string, route: string) => (await send('GET', route, undefined, { 'x-api-key': key })).status;
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

describe('an API key', () => {
  it('is shown once, stored as a digest, and accepted in its header and as a bearer', async () => {
    const { key, ...view } = await make({ expires_at: '2100-01-01T00:00:00Z' });
    expect(key).toMatch(/^nj_[0-9A-Za-z]{49}$/);
    expect(view).toEqual({
      id: expect.any(String),
      name: 'door',
      prefix: key.slice(0, 11),
      status: 'active',
      scopes: allScopes,
      camera_ids: 'all',
      created_at: expect.any(String),
      expires_at: '2100-01-01T00:00:00.000Z',
      revoked_at: null,
      last_used_at: null,
    });
    expect(await statusOf(key, '/cameras')).toBe(200);
    expect((await send('GET', '/cameras', undefined, { authorization: `Bearer ${key}` })).status).toBe(200);
    const { body } = await send('GET', '/api-keys/');
    expect(body).toMatchObject({ keys: expect.arrayContaining([{ ...view, last_used_at: expect.any(String) }]) });
    const rows = await nvr.database.$queryRaw<{ row: string }[]>`SELECT api_key::text AS row FROM nvr.api_key`;
    expect(JSON.stringify([rows, body])).not.toContain(key);
  });

  it('that was revoked is refused at once, and revoking it again changes nothing', async () => {
    const { id, key } = await make();
    expect(await statusOf(key, '/cameras')).toBe(200);
    expect((await send('DELETE', `/api-keys/${id}`)).status).toBe(204);
    expect(await statusOf(key, '/cameras')).toBe(401);
    const revokedAt = async () => (await nvr.database.integrationKey.findUniqueOrThrow({ where: { id } })).revokedAt;
    const first = await revokedAt();
    expect((await send('DELETE', `/api-keys/${id}`)).status).toBe(204);
    expect(await revokedAt()).toEqual(first);
    for (const odd of ['x', '1', '00000000-0000-4000-8000-000000000000'])
      expect((await send('DELETE', `/api-keys/${odd}`)).status).toBe(404);
  });

  it('that has expired is refused', async () => {
    const { id, key } = await make();
    await nvr.database.integrationKey.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1_000) } });
    expect(await statusOf(key, '/cameras')).toBe(401);
  });

  it('that is none is refused, whatever it is called (T18)', async () => {
    for (const wrong of ['x', '__proto__', 'constructor', `nj_${'a'.repeat(49)}`, `nj_${'a'.repeat(10_000)}`])
      expect([wrong, await statusOf(wrong, '/cameras')]).toEqual([wrong, 401]);
  });

  it('is made, listed and revoked by admins only', async () => {
    await send('POST', '/users', { username: 'plain', password: 'correct horse battery' });
    const token = await logIn(nvr.url, { username: 'plain', password: 'correct horse battery' });
    const { key } = await make();
    for (const headers of [{ authorization: `Bearer ${token}` }, { 'x-api-key': key }] as Record<string, string>[])
      for (const [method, route] of [
        ['GET', '/api-keys'],
        ['POST', '/api-keys'],
        ['DELETE', '/api-keys/1'],
      ] as const)
        expect((await send(method, route, undefined, headers)).status).toBe(403);
  });

  it('needs a name, scopes that there are, and cameras that there are', async () => {
    const full = { name: 'x', scopes: allScopes, camera_ids: [cameraId] };
    for (const wrong of [
      { ...full, name: '' },
      { ...full, scopes: [] },
      { ...full, scopes: ['jobs:write'] },
      { ...full, camera_ids: [] },
      { ...full, camera_ids: undefined },
      { ...full, camera_ids: 'some' },
      { ...full, expires_at: '2020-01-01T00:00:00Z' },
      { ...full, more: 1 },
    ])
      expect([wrong, (await send('POST', '/api-keys', wrong)).status]).toEqual([wrong, 422]);
    for (const nobody of [4_711, 0, -1, 2 ** 31, 'cam4711', 'nobody', '__proto__', 'all', ''])
      expect([nobody, (await send('POST', '/api-keys', { ...full, camera_ids: [cameraId, nobody] })).status]).toEqual([
        nobody,
        nobody === '' ? 422 : 404,
      ]);
  });

  it('takes cameras by any of their names, each once', async () => {
    for (const name of [cameraId, `${cameraId}`, `cam${cameraId}`, `cam-${cameraId}`, 'gate'])
      expect([name, (await make({ camera_ids: [name] })).camera_ids]).toEqual([name, [cameraId]]);
    const { camera_ids, id } = await make({ camera_ids: ['vault', cameraId, 'gate', `cam${otherCameraId}`] });
    expect(camera_ids).toEqual([otherCameraId, cameraId]);
    const { body } = await send('GET', '/audit-logs?action=api_key.created&limit=1');
    expect(body).toMatchObject({ logs: [{ entity_id: id, details: { camera_ids: [otherCameraId, cameraId] } }] });
  });

  it('leaves its traces in the audit log, and itself nowhere', async () => {
    const { id, key } = await make({ scopes: ['events:read'], camera_ids: [cameraId] });
    await send('DELETE', `/api-keys/${id}`);
    for (const entry of [
      { action: 'api_key.revoked', entity_type: 'api_key', entity_id: id, user_id: 1 },
      { action: 'api_key.created', entity_id: id, details: { name: 'door', scopes: ['events:read'], camera_ids: [cameraId] } },
    ]) {
      const { body } = await send('GET', `/audit-logs?action=${entry.action}&limit=1`);
      expect(body).toMatchObject({ logs: [entry] });
      expect(JSON.stringify(body)).not.toContain(key);
    }
  });
});

describe('a key for one camera (T5)', () => {
  const variants = (id: number) => [
    `/cameras/${id}`,
    `/cameras/${id}/snapshot`,
    `/recordings/${id}?start_unix=1&end_unix=2`,
    `/events/latest?camera_id=${id}`,
    `/events?camera_id=${id}`,
  ];

  it('reads it in every variant, and no other in any', async () => {
    const { key } = await make({ camera_ids: [cameraId] });
    await drawPictures();
    const statuses = (id: number) => Promise.all(variants(id).map((route) => statusOf(key, route)));
    expect(await statuses(cameraId)).toEqual([200, 200, 200, 200, 200]);
    expect(await statuses(otherCameraId)).toEqual([404, 404, 404, 404, 404]);
    const { body } = await send('GET', '/cameras', undefined, { 'x-api-key': key });
    expect(body).toMatchObject({ total: 1, cameras: [{ id: cameraId }] });
    const latest = (await send('GET', '/events/latest', undefined, { 'x-api-key': key })).body as { events: { camera_id: number }[] };
    expect(latest.events.map(({ camera_id }) => camera_id)).toEqual([cameraId]);
  });

  it('hears of it live, and of no other', async () => {
    const { key } = await make({ camera_ids: [cameraId] });
    const reader = await SseReader.open(`${nvr.url}/api/v1/events/stream`, { 'x-api-key': key });
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

  it('reads nothing of it when it was removed', async () => {
    const { id } = await nvr.database.camera.create({ data: { framesName: 'shed', name: 'shed', rtspUrl: 'rtsp://10.0.0.1/shed' } });
    const { key } = await make({ camera_ids: [id] });
    expect(await statusOf(key, `/cameras/${id}`)).toBe(200);
    await send('DELETE', `/cameras/${id}`);
    expect(await statusOf(key, `/cameras/${id}`)).toBe(404);
  });
});
