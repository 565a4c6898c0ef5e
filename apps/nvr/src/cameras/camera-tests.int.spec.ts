import type { RtspCamera } from '@nightjar/embedded';
import { startTestCamera } from '@nightjar/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
let device: RtspCamera;
beforeAll(async () => {
  [nvr, device] = await Promise.all([
    startTestNvr({ cameraNetworks: ['127.0.0.0/8', '10.0.0.0/8'] }),
    startTestCamera({ credentials: { user: 'ada', password: 'p@ss' }, authentication: 'digest' }),
  ]);
});
afterAll(async () => {
  await Promise.all([nvr.stop(), device.close()]);
});

const post = (pathname: string, body: unknown, headers?: Record<string, string>) => nvr.send('POST', pathname, body, headers);

describe('a connection to a camera that is tried out', () => {
  it('tells what comes, of an address that is not saved', async () => {
    expect(await post('/api/v1/cameras/test-connection', { rtsp_url: device.url })).toMatchObject({
      status: 200,
      body: { success: true, reason: null, video_codec: 'h264', width: expect.any(Number), height: expect.any(Number) },
    });
    const without = device.url.replace(/\/\/.*@/, '//');
    expect(await post('/api/v1/cameras/test-connection', { rtsp_url: without, username: 'ada', password: 'wrong' })).toMatchObject({
      status: 200,
      body: { success: false, reason: 'the camera refuses the user name or the password' },
    });
  });

  it('tells what comes of a saved camera, to its owner, and 403 or 404 to others', async () => {
    const created = await post('/api/v1/cameras', { name: 'Yard', rtsp_url: device.url, is_active: false });
    const { id } = created.body as { id: number };
    expect(await post(`/api/v1/cameras/${id}/test-connection`, {})).toMatchObject({ status: 200, body: { success: true } });
    device.refuse();
    expect(await post(`/api/v1/cameras/${id}/test-connection`, {})).toMatchObject({ status: 200, body: { success: false } });
    device.resume();
    const { passwordHash } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
    const viewer = await nvr.database.user.create({ data: { username: 'viewer', passwordHash } });
    const headers = { authorization: `Bearer ${await logIn(nvr.url, { username: 'viewer', password: adminPassword })}` };
    expect((await post(`/api/v1/cameras/${id}/test-connection`, {}, headers)).status).toBe(404);
    await nvr.database.cameraGrant.create({ data: { userId: viewer.id, cameraId: id } });
    expect((await post(`/api/v1/cameras/${id}/test-connection`, {}, headers)).status).toBe(403);
    expect((await post('/api/v1/cameras/test-connection', { rtsp_url: device.url }, headers)).status).toBe(403);
  });

  it('tells whether a saved camera can be read encrypted, and remembers it', async () => {
    const { id } = (await post('/api/v1/cameras?force=true', { name: 'Plain', rtsp_url: device.url, is_active: false })).body as {
      id: number;
    };
    expect(await post(`/api/v1/cameras/${id}/probe-transport`, {})).toMatchObject({
      status: 200,
      body: { probe_result: 'rtsp', encrypted: false, rtsp: { success: true }, rtsps: { success: false, reason: expect.any(String) } },
    });
    expect(await nvr.database.camera.findUniqueOrThrow({ where: { id } })).toMatchObject({ transportProbe: 'rtsp' });
    // Its password is not sent where it could be read.
    await nvr.database.camera.update({ where: { id }, data: { transportSecurity: 'rtsps_required' } });
    expect(await post(`/api/v1/cameras/${id}/probe-transport`, {})).toMatchObject({ body: { probe_result: 'none', rtsp: null } });
  });

  const commands = [
    'exec:id',
    'exec:/bin/sh#',
    'EXEC:id',
    'echo:x',
    'ffmpeg:x',
    'pipe:0',
    'file:///etc/passwd',
    'concat:a|b',
    'rtsp://10.0.0.1/$(id)',
    '%65xec:id',
  ];
  it.each([
    ...commands,
    ...commands.map((url) => ({ url })),
    ...commands.map((url) => [url]),
    1,
    true,
    null,
    { __proto__: { url: 'exec:id' } },
  ])(
    'never runs %j, at no entry point and in no type of JSON (T1: CVE-2026-25643, GHSA-r57j-5jm9-hpcc, GHSA-wwww-5h25-jf98)',
    async (value) => {
      const entries: [string, string, unknown][] = [
        ['POST', '/api/v1/cameras', { name: 'x', rtsp_url: value }],
        ['POST', '/api/v1/cameras', { name: 'x', rtsp_url: 'rtsp://10.0.0.77/1', substream_url: value ?? 1 }],
        ['POST', '/api/v1/cameras', { name: 'x', rtsp_url: 'rtsp://10.0.0.77/1', onvif_url: value ?? 1 }],
        ['PUT', '/api/v1/cameras/1', { rtsp_url: value }],
        ['PUT', '/api/v1/cameras/1', { substream_url: value ?? 1 }],
        ['PUT', '/api/v1/cameras/1', { onvif_url: value ?? 1 }],
        ['POST', '/api/v1/cameras/test-connection', { rtsp_url: value }],
      ];
      for (const [method, pathname, body] of entries) {
        const answer = await nvr.fetch(pathname, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
        expect([method, pathname, answer.status]).toEqual([method, pathname, 422]);
      }
    },
  );

  it('is refused for addresses outside of the camera networks', async () => {
    for (const url of ['rtsp://8.8.8.8/1', 'rtsp://169.254.169.254/1', 'rtsp://[::ffff:8.8.8.8]/1'])
      expect((await post('/api/v1/cameras/test-connection', { rtsp_url: url })).status).toBe(422);
  });
});
