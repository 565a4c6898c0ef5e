import { mkdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { camerasChanged, CameraView } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { CamerasStore } from './cameras.store.js';
import { problemWithFramesName } from './parse-camera-reference.js';

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr({ demoCameraUrl: 'rtsp://demo:s3cret@127.0.0.1:18554/camera' });
});
afterAll(() => nvr.stop());

const send: TestNvr['send'] = (method, pathname, body) => nvr.send(method, pathname, body);
const list = async (query = '') => (await send('GET', `/api/v1/cameras${query}`)).body as { cameras: CameraView[]; total: number };

describe('the cameras', () => {
  it('are listed with the demo camera, with and without a trailing slash', async () => {
    for (const query of ['', '/']) {
      const { cameras, total } = await list(query);
      expect(total).toBe(1);
      expect(cameras.map((camera) => CameraView.parse(camera))).toMatchObject([
        {
          id: 1,
          uuid: '70c75b04-1ec8-4aa1-930c-ddad9e47b54b',
          frames_name: 'camera_0',
          rtsp_url: 'rtsp://127.0.0.1:18554/camera',
          username: 'demo',
          recording_state: 'never',
          live_online: null,
        },
      ]);
    }
  });

  it.each(['1', 'cam1', 'cam-1', 'camera_0'])('are found as %s', async (reference) => {
    expect((await send('GET', `/api/v1/cameras/${reference}`)).body).toMatchObject({ id: 1 });
  });

  it.each(['2', 'camera_9', '__proto__', 'x%00y', '..%2f1'])('are not found as %s', async (reference) => {
    expect(await send('GET', `/api/v1/cameras/${reference}`)).toEqual({ status: 404, body: { detail: 'Camera not found' } });
  });

  it('are created, changed and deleted, and others hear of it', async () => {
    const heard: number[] = [];
    nvr.bus.on(camerasChanged, ({ camera_id }) => void heard.push(camera_id));
    // The API has a connection of its own, on which it might tell before ours has subscribed.
    await nvr.bus.requireConnection().flush();
    const created = await send('POST', '/api/v1/cameras', {
      name: 'Yard & gate',
      rtsp_url: 'rtsp://admin:pass%20word@10.1.2.3/main',
      substream_url: 'rtsp://10.1.2.3/sub',
      location: 'north',
    });
    expect(created).toMatchObject({
      status: 200,
      body: {
        name: 'Yard & gate',
        frames_name: expect.stringMatching(/^camera_\d+$/),
        rtsp_url: 'rtsp://10.1.2.3/main',
        username: 'admin',
        ip_address: '10.1.2.3',
        port: 554,
      },
    });
    const { id } = created.body as CameraView;
    expect((created.body as CameraView).frames_name).toBe(`camera_${id}`);
    expect(JSON.stringify(created.body)).not.toContain('pass');
    const row = await nvr.database.camera.findUniqueOrThrow({ where: { id } });
    expect(Buffer.from(row.encryptedPassword ?? []).includes('pass word')).toBe(false);
    expect(await send('PUT', `/api/v1/cameras/${id}`, { name: 'Yard', is_active: false })).toMatchObject({
      status: 200,
      body: { name: 'Yard', is_active: false, location: 'north', username: 'admin', rtsp_transport: 'auto', audio_enabled: false },
    });
    const packets = { rtsp_transport: 'udp', audio_enabled: true };
    expect(await send('PUT', `/api/v1/cameras/${id}`, packets)).toMatchObject({ status: 200, body: packets });
    expect((await send('PUT', `/api/v1/cameras/${id}`, { rtsp_transport: 'multicast' })).status).toBe(422);
    expect((await list()).cameras.map((camera) => camera.id)).toEqual([1]);
    expect((await list('?active_only=false')).total).toBe(2);
    expect(await send('DELETE', `/api/v1/cameras/cam-${id}`)).toEqual({ status: 200, body: { message: 'Camera deleted successfully' } });
    expect((await send('GET', `/api/v1/cameras/${id}`)).status).toBe(404);
    // The bus is slower than the answer, at times.
    await until(() => heard.length >= 4);
    expect(heard).toEqual([id, id, id, id]);
  });

  it('keep what OpenNVR’s clients write down about them, and move with their address', async () => {
    const written = {
      vlan: '7',
      firmware_version: 'f1',
      serial_number: 's1',
      hardware_id: 'h1',
      assignments: [{ skill: 'loitering', labels: ['person'] }],
    };
    const sent = {
      name: 'Field',
      ip_address: '10.1.9.1',
      port: 554,
      rtsp_url: 'rtsp://10.1.9.1/a',
      substream_url: 'rtsp://10.1.9.1/b',
      ...written,
    };
    const created = await send('POST', '/api/v1/cameras', sent);
    expect(created).toMatchObject({
      status: 200,
      body: { ...written, mediamtx_provisioned: false, transport_security: 'plaintext_allowed' },
    });
    const { id } = created.body as CameraView;
    const moved = { ip_address: '10.1.9.2', port: 8554 };
    const there = { ...moved, rtsp_url: 'rtsp://10.1.9.2:8554/a', substream_url: 'rtsp://10.1.9.2:8554/b' };
    expect(await send('PUT', `/api/v1/cameras/${id}`, moved)).toMatchObject({ status: 200, body: { ...there, ...written } });
    expect(await send('PUT', `/api/v1/cameras/${id}`, { assignments: null })).toMatchObject({ status: 200, body: { assignments: null } });
    for (const refused of [
      { ip_address: 'cam.lan' },
      { ip_address: '8.8.8.8' },
      { port: 0 },
      { assignments: [{ skill: '' }] },
      { assignments: {} },
    ])
      expect([refused, (await send('PUT', `/api/v1/cameras/${id}`, refused)).status]).toEqual([refused, 422]);
    // Nobody speaks ONVIF there; and no address at all.
    for (const without of [{ ip_address: '8.8.8.8' }, {}])
      expect(await send('POST', '/api/v1/cameras', { name: 'x', ...without })).toMatchObject({
        status: 422,
        body: { detail: [{ loc: ['body', 'rtsp_url'] }] },
      });
    const config = (await send('GET', '/api/v1/camera-config')).body as { configs: { camera_id: number }[] };
    expect(config.configs.find(({ camera_id }) => camera_id === id)).toMatchObject({ stream_protocol: 'rtsp', source_url: there.rtsp_url });
    await nvr.database.camera.delete({ where: { id } });
  });

  it('are read encrypted only where that is asked for, by every program', async () => {
    const { id } = (await send('POST', '/api/v1/cameras', { name: 'Vault', rtsp_url: 'rtsp://10.1.9.3/a' })).body as CameraView;
    const secure = (transport_security: string) => send('PUT', `/api/v1/cameras/${id}/transport-security`, { transport_security });
    expect([(await secure('rtsps_required')).status, (await secure('none')).status]).toEqual([409, 422]);
    expect((await send('PUT', `/api/v1/cameras/${id}`, { rtsp_url: 'rtsps://10.1.9.3/a' })).status).toBe(200);
    expect(await secure('rtsps_required')).toEqual({
      status: 200,
      body: { camera_id: id, transport_security: 'rtsps_required', encrypted: true, probe_result: null, probed_at: null },
    });
    for (const change of [{ rtsp_url: 'rtsp://10.1.9.3/a' }, { substream_url: 'rtsp://10.1.9.3/b' }])
      expect((await send('PUT', `/api/v1/cameras/${id}`, change)).status).toBe(422);
    await nvr.database.camera.update({ where: { id }, data: { rtspUrl: 'rtsp://10.1.9.3/a' } });
    expect((await send('POST', `/api/v1/cameras/${id}/test-connection`)).status).toBe(200);
    const tried = (await send('POST', `/api/v1/cameras/${id}/test-connection`)).body as { reason: string };
    expect(tried.reason).toContain('must be read encrypted');
    const entries = await nvr.database.auditEntry.findMany({ where: { entityId: String(id), action: 'camera.changed' } });
    expect(entries.map(({ details }) => details)).toContainEqual({ name: 'Vault', fields: ['transport_security'] });
    await nvr.database.camera.delete({ where: { id } });
  });

  it('are found by their address, and come back from deletion switched off', async () => {
    const { id } = (await send('POST', '/api/v1/cameras', { name: 'Attic', rtsp_url: 'rtsp://10.9.9.1:8554/1' })).body as CameraView;
    const found = async (ip: string) => ((await send('GET', `/api/v1/cameras/by-ip/${ip}`)).body as { total: number }).total;
    expect([await found('10.9.9.1'), await found('10.9.9.11'), await found('10.9.9.')]).toEqual([1, 0, undefined]);
    await send('DELETE', `/api/v1/cameras/${id}`);
    expect((await send('GET', '/api/v1/cameras/deleted')).body).toMatchObject({
      cameras: expect.arrayContaining([expect.objectContaining({ id, deleted_at: expect.any(String) })]),
    });
    expect(await send('POST', `/api/v1/cameras/${id}/restore`)).toMatchObject({
      status: 200,
      body: { is_active: false, deleted_at: null },
    });
    expect((await send('POST', `/api/v1/cameras/${id}/restore`)).status).toBe(409);
    expect((await send('POST', '/api/v1/cameras/999999/restore')).status).toBe(404);
    await nvr.database.camera.delete({ where: { id } });
  });

  it('are refused twice at one address, unless forced', async () => {
    const camera = { name: 'One', rtsp_url: 'rtsp://10.1.2.4/main' };
    expect((await send('POST', '/api/v1/cameras', camera)).status).toBe(200);
    expect(await send('POST', '/api/v1/cameras', { ...camera, name: 'Two' })).toMatchObject({
      status: 409,
      body: { detail: { code: 'duplicate_camera', duplicates: [{ name: 'One' }] } },
    });
    expect((await send('POST', '/api/v1/cameras?force=true', { ...camera, name: 'Two' })).status).toBe(200);
  });

  it('keep their frames name to themselves', async () => {
    expect((await send('POST', '/api/v1/cameras', { name: 'Gate', rtsp_url: 'rtsp://10.1.2.5/1', frames_name: 'gate' })).status).toBe(200);
    expect(await send('POST', '/api/v1/cameras', { name: 'Gate', rtsp_url: 'rtsp://10.1.2.6/1', frames_name: 'gate' })).toEqual({
      status: 409,
      body: { detail: 'another camera has this frames_name' },
    });
  });

  it('can’t be named like a route beside them, which would answer instead', () => {
    const beside = nvr.routes.flatMap(({ url }) => /^\/api\/v1\/(?:cameras|recordings)\/([a-z][a-z0-9-]*)/.exec(url)?.[1] ?? []);
    expect(beside.length).toBeGreaterThan(20);
    expect(beside.filter((name) => problemWithFramesName(name) === undefined)).toEqual([]);
  });

  it.each([
    ['no URL', { name: 'x' }, 'rtsp_url'],
    ['another scheme', { name: 'x', rtsp_url: 'file:///etc/passwd' }, 'rtsp_url'],
    ['an address of the internet', { name: 'x', rtsp_url: 'rtsp://8.8.8.8/1' }, 'rtsp_url'],
    ['this machine', { name: 'x', rtsp_url: 'rtsp://127.0.0.1/1' }, 'rtsp_url'],
    ['this machine by name', { name: 'x', rtsp_url: 'rtsp://localhost/1' }, 'rtsp_url'],
    ['this machine in hexadecimal', { name: 'x', rtsp_url: 'rtsp://0x7f.1/1' }, 'rtsp_url'],
    ['this machine as a number', { name: 'x', rtsp_url: 'rtsp://2130706433/1' }, 'rtsp_url'],
    ['an address that is null', { name: 'x', rtsp_url: null }, 'rtsp_url'],
    ['an empty name', { name: '', rtsp_url: 'rtsp://10.0.0.1/1' }, 'name'],
    ['an empty address', { name: 'x', rtsp_url: '', ip_address: '' }, 'rtsp_url'],
    ['a name that is an id', { name: 'x', rtsp_url: 'rtsp://10.0.0.1/1', frames_name: 'cam7' }, 'frames_name'],
    ['a name of control characters', { name: 'a\u0000b', rtsp_url: 'rtsp://10.0.0.1/1' }, 'name'],
    ['a number for a name', { name: 5, rtsp_url: 'rtsp://10.0.0.1/1' }, 'name'],
  ])('are not created with %s', async (_name, body, field) => {
    const answer = await send('POST', '/api/v1/cameras', body);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ detail: [{ loc: ['body', field], msg: expect.any(String) }] });
  });

  it('are listed in pages, and a page that makes no sense is refused', async () => {
    const { cameras, total } = await list('?skip=1&limit=1');
    expect([cameras.length, total > 2]).toEqual([1, true]);
    for (const query of ['?limit=0', '?limit=x', '?skip=-1', '?active_only=maybe'])
      expect((await send('GET', `/api/v1/cameras${query}`)).status).toBe(422);
  });

  it('are seen and changed by their owner or an administrator only', async () => {
    const { passwordHash } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
    const viewer = await nvr.database.user.create({ data: { username: 'viewer', passwordHash } });
    await nvr.database.camera.update({ where: { framesName: 'gate' }, data: { ownerId: viewer.id } });
    const headers = { authorization: `Bearer ${await logIn(nvr.url, { username: 'viewer', password: adminPassword })}` };
    const get = async (pathname: string) => (await nvr.fetch(pathname, { headers })).status;
    expect(((await (await nvr.fetch('/api/v1/cameras', { headers })).json()) as { total: number }).total).toBe(1);
    expect([
      await get('/api/v1/cameras/gate'),
      await get('/api/v1/cameras/1'),
      await get('/api/v1/cameras/1/snapshot'),
      await get('/api/v1/recordings/1?start_unix=1&end_unix=2'),
      await get('/api/v1/events/stream?camera_id=1'),
    ]).toEqual([200, 404, 404, 404, 404]);
    expect((await nvr.fetch('/api/v1/cameras/gate', { method: 'DELETE', headers })).status).toBe(403);
  });
});

describe('a snapshot', () => {
  const directory = () => path.join(nvr.config.framesDir, 'camera_0');

  it('is 503 without a picture, the picture while it is fresh, and 503 again when it is old', async () => {
    expect((await nvr.fetch('/api/v1/cameras/1/snapshot')).status).toBe(503);
    await mkdir(directory(), { recursive: true });
    await writeFile(path.join(directory(), 'latest.jpg'), Buffer.from([0xff, 0xd8, 0xff, 1, 2, 3]));
    const answer = await nvr.fetch('/api/v1/cameras/camera_0/snapshot');
    expect([
      answer.status,
      answer.headers.get('content-type'),
      answer.headers.get('cache-control'),
      (await answer.arrayBuffer()).byteLength,
    ]).toEqual([200, 'image/jpeg', 'no-store', 6]);
    await utimes(path.join(directory(), 'latest.jpg'), 1, 1);
    expect((await nvr.fetch('/api/v1/cameras/1/snapshot')).status).toBe(503);
  });

  it('is 503 with the reason that the recorder has', async () => {
    const lastProblem = 'nobody listens at the address of the camera';
    const store = new CamerasStore(nvr.database);
    const rowOf = () => nvr.database.camera.findUniqueOrThrow({ where: { id: 1 } });
    const { updatedAt } = await rowOf();
    await store.noteProblem(1, lastProblem);
    const first = await rowOf();
    await store.noteProblem(1, lastProblem);
    expect([first.updatedAt, (await rowOf()).lastProblemAt]).toEqual([updatedAt, first.lastProblemAt]);
    expect(await send('GET', '/api/v1/cameras/1/snapshot')).toMatchObject({
      status: 503,
      body: { detail: expect.stringContaining(lastProblem) },
    });
    expect((await send('GET', '/api/v1/cameras/1')).body).toMatchObject({
      status: 'offline',
      status_reason: lastProblem,
      live_online: false,
    });
  });

  it('has an address that needs no header, for this camera and this path alone', async () => {
    await writeFile(path.join(directory(), 'latest.jpg'), Buffer.from([0xff, 0xd8, 0xff]));
    const { body } = await send('POST', '/api/v1/cameras/camera_0/snapshot-url');
    const { url } = body as { url: string };
    const status = async (pathname: string) => (await fetch(`${nvr.url}${pathname}`)).status;
    expect(await status(url)).toBe(200);
    expect([
      await status(url.replace('/1/', '/2/')),
      await status(url.replace('/snapshot', '/live/index.m3u8')),
      await status(url.replace('/snapshot', '')),
      await status(url.slice(0, -2)),
      await status(url.replace('ticket=', 'ticket=x')),
      await status('/api/v1/cameras/1/snapshot'),
    ]).toEqual([401, 401, 401, 401, 401, 401]);
    expect((await send('POST', '/api/v1/cameras/777/snapshot-url')).status).toBe(404);
  });
});
