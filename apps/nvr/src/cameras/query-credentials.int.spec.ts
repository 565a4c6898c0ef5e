import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CameraView } from '@nightjar/contracts';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const internalApiKey = 'the internal key of this installation';
const address = 'rtsp://10.0.0.7/x?channel=1&user=ada&password=s3cret';
const masked = 'rtsp://10.0.0.7/x?channel=1&user=***&password=***';
const substream = 'rtsp://10.0.0.7/y?token=s3cret';
let nvr: TestNvr;
let camera: CameraView;

beforeAll(async () => {
  nvr = await startTestNvr({ internalApiKey });
  camera = await send<CameraView>('POST', '/cameras', { name: 'yard', rtsp_url: address, substream_url: substream });
});
afterAll(() => nvr?.stop());

/** As the admin, or with other headers. */
async function send<Body>(method: string, route: string, body?: unknown, headers: Record<string, string> = {}): Promise<Body> {
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  const init = { method, headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) }, ...content };
  const answer = await nvr.fetch(`/api/v1${route}`, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${text}`);
  return JSON.parse(text) as Body;
}

/** Whoever may see the camera and does not change its address: a user who manages it, a viewer, a key. */
async function readers(): Promise<Record<string, string>[]> {
  const manager = await send<{ id: number }>('POST', '/roles', { name: 'installer', permissions: ['cameras.view', 'cameras.manage'] });
  const viewer = await send<{ id: number }>('POST', '/roles', { name: 'looks on', permissions: ['cameras.view'] });
  const users = [];
  for (const [username, role] of [
    ['mia', manager],
    ['vera', viewer],
  ] as const) {
    const { id } = await send<{ id: number }>('POST', '/users', { username, password: adminPassword, role_id: role.id });
    await send('PUT', `/users/${id}/cameras`, { camera_ids: [camera.id] });
    users.push({ authorization: `Bearer ${await logIn(nvr.url, { username, password: adminPassword })}` });
  }
  const { key } = await send<{ key: string }>('POST', '/api-keys', { name: 'till', scopes: ['cameras:read'], camera_ids: [camera.id] });
  return [...users, { authorization: `Bearer ${key}` }];
}

describe('a camera that takes its name and password in the query of its address', () => {
  it('shows them to nobody but admins', async () => {
    for (const headers of await readers()) {
      const [one, list, atAddress, configs] = await Promise.all([
        send<CameraView>('GET', `/cameras/${camera.id}`, undefined, headers),
        send<{ cameras: CameraView[] }>('GET', '/cameras', undefined, headers),
        send<{ cameras: CameraView[] }>('GET', '/cameras/by-ip/10.0.0.7', undefined, headers),
        send<{ configs: { source_url: string }[] }>('GET', '/camera-config', undefined, headers),
      ]);
      for (const view of [one, ...list.cameras, ...atAddress.cameras])
        expect([view.rtsp_url, view.substream_url]).toEqual([masked, 'rtsp://10.0.0.7/y?token=***']);
      expect(configs.configs.map(({ source_url }) => source_url)).toEqual([masked]);
      expect(JSON.stringify([one, list, atAddress, configs])).not.toContain('s3cret');
    }
    const route = '/internal/camera-agent/cameras';
    expect(await send('GET', route, undefined, { 'x-internal-api-key': internalApiKey })).toMatchObject({
      cameras: [{ frame_url: masked }],
    });
  });

  it('keeps them when an admin sends back what he read', async () => {
    const { rtsp_url, substream_url } = await send<CameraView>('GET', `/cameras/${camera.id}`);
    expect([rtsp_url, substream_url]).toEqual([address, substream]);
    await send('PUT', `/cameras/${camera.id}`, { name: 'yard behind the house', rtsp_url, substream_url });
    expect(await nvr.database.camera.findUniqueOrThrow({ where: { id: camera.id } })).toMatchObject({
      name: 'yard behind the house',
      rtspUrl: address,
      substreamUrl: substream,
    });
  });
});
