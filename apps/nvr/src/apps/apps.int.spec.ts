import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { appAlert } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const internalApiKey = 'the internal key of this installation';
const manifest = {
  id: 'loitering',
  name: 'Loitering',
  version: '1.0.0',
  category: 'security',
  params: [{ name: 'seconds' }],
  actions: [{ name: 'reset' }],
};
const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 2, 0, 2, 1, 1, 0x11, 0, 0xff, 0xd9]);
const actions: { key: unknown; body: string }[] = [];
const app = http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    if (request.url?.startsWith('/actions/')) actions.push({ key: request.headers['x-internal-api-key'], body });
    response.writeHead(request.url === '/state' ? 404 : 200, { 'content-type': 'application/json' }).end('{"ready":true}');
  });
});

let nvr: TestNvr;
let appUrl: string;
let viewerToken: string;

beforeAll(async () => {
  nvr = await startTestNvr({ internalApiKey, demoCameraUrl: 'rtsp://127.0.0.1:18554/camera' });
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  appUrl = `http://127.0.0.1:${(app.address() as AddressInfo).port}/`;
  const { passwordHash } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
  await nvr.database.user.create({ data: { username: 'viewer', passwordHash } });
  viewerToken = await logIn(nvr.url, { username: 'viewer', password: adminPassword });
});
afterAll(async () => {
  await nvr?.stop();
  app.closeAllConnections();
  await new Promise((resolve) => app.close(resolve));
});

async function call(method: string, path: string, options: { body?: unknown; headers?: Record<string, string> } = {}) {
  const { body, headers = { 'x-internal-api-key': internalApiKey } } = options;
  const answer = await fetch(`${nvr.url}/api/v1${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const isJson = answer.headers.get('content-type')?.includes('json');
  return { status: answer.status, bytes, body: (isJson ? JSON.parse(bytes.toString()) : {}) as Record<string, unknown> };
}
const asAdmin = () => ({ authorization: `Bearer ${nvr.token}` });

describe('an app', () => {
  it('registers itself with the internal key, as often as it starts; switch and configuration stay', async () => {
    const first = await call('POST', '/apps/register', { body: { url: appUrl, manifest } });
    expect([first.status, first.body]).toMatchObject([200, { id: 'loitering', enabled: true, config: {} }]);
    expect((await call('PUT', '/apps/loitering/config', { body: { seconds: 30 }, headers: asAdmin() })).body).toMatchObject({
      config: { seconds: 30 },
    });
    expect((await call('POST', '/apps/loitering/disable', { headers: asAdmin() })).body).toMatchObject({ enabled: false });
    // OpenNVR's apps send the same key as a bearer too.
    const headers = { 'x-internal-api-key': internalApiKey, authorization: `Bearer ${internalApiKey}` };
    const again = await call('POST', '/apps/register', { body: { url: appUrl, manifest: { ...manifest, version: '1.1.0' } }, headers });
    expect(again.body).toMatchObject({ version: '1.1.0', enabled: false, config: { seconds: 30 } });
    expect((await call('GET', '/apps/loitering/config')).body).toMatchObject({ id: 'loitering', config: { seconds: 30 } });
    expect((await call('GET', '/apps', { headers: asAdmin() })).body).toMatchObject({
      apps: [{ id: 'loitering', url: appUrl.slice(0, -1) }],
    });
  });

  it.each([
    ['a public address', { url: 'http://93.184.216.34/', manifest }],
    ['the metadata of a cloud', { url: 'http://169.254.169.254/', manifest }],
    ['a manifest without a version', { url: 'http://127.0.0.1:9200', manifest: { id: 'x', name: 'x' } }],
    ['an id that is a path', { url: 'http://127.0.0.1:9200', manifest: { ...manifest, id: '../x' } }],
    ['nothing', {}],
  ])('with %s is 400', async (_name, body) => {
    expect((await call('POST', '/apps/register', { body })).status).toBe(400);
  });

  it('is asked how it does, and acts when an admin says so and its manifest knows the action', async () => {
    expect((await call('GET', '/apps/loitering/status', { headers: asAdmin() })).body).toEqual({
      health: { status: 200, body: { ready: true } },
      state: { status: 404, body: { ready: true } },
    });
    const act = (action: string, headers = asAdmin()) =>
      call('POST', `/apps/loitering/actions/${action}`, { body: { params: { a: 1 } }, headers });
    expect((await act('reset')).status).toBe(409);
    await call('POST', '/apps/loitering/enable', { headers: asAdmin() });
    expect((await act('reset')).body).toEqual({ status: 200, body: { ready: true } });
    expect(actions).toEqual([{ key: internalApiKey, body: '{"a":1}' }]);
    expect((await act('reboot')).status).toBe(404);
    expect((await act('reset', { authorization: `Bearer ${viewerToken}` })).status).toBe(403);
  });

  it('shows a user who is no admin that it is there, and neither its settings, its address nor what it tells of itself', async () => {
    const headers = { authorization: `Bearer ${viewerToken}` };
    const { body } = await call('GET', '/apps', { headers });
    expect(body.apps).toEqual([
      { id: 'loitering', name: 'Loitering', version: '1.1.0', category: 'security', enabled: true, last_seen: expect.any(String) },
    ]);
    for (const path of ['config', 'status']) expect((await call('GET', `/apps/loitering/${path}`, { headers })).status).toBe(403);
  });

  it('tells alerts on the bus that become events, each once', async () => {
    const alert = {
      alert_id: 'alrt_0123456789ab',
      fired_at: new Date().toISOString(),
      title: 'Somebody waits at the door',
      severity: 'info',
      source: { kind: 'detector', name: 'loitering', version: '1' },
      camera_id: 'cam1',
      evidence: { seconds: 31 },
    };
    nvr.bus.publish(appAlert, alert);
    nvr.bus.publish(appAlert, alert);
    nvr.bus.publish(appAlert, { ...alert, alert_id: 'alrt_of-nobody', camera_id: 'cam99' });
    // Events of one moment have no order.
    nvr.bus.publish(appAlert, { ...alert, alert_id: 'alrt_2', fired_at: new Date(Date.parse(alert.fired_at) + 1_000).toISOString() });
    await until(async () => (await nvr.database.event.count({ where: { source: 'app' } })) === 2);
    const { body } = await call('GET', '/internal/camera-agent/events?source=app');
    expect(body.events).toMatchObject([
      { track_id: 'alrt_2' },
      { camera_id: 1, event_type: 'alert', label: alert.title, track_id: alert.alert_id, payload: { evidence: { seconds: 31 } } },
    ]);
  });
});

describe('a service with the internal key', () => {
  const event = { camera_id: 1, label: 'person', score: 0.8, track_id: 7, started_at: '2026-01-01T12:00:00Z' };

  it('finds the cameras, without their passwords', async () => {
    const { body } = await call('GET', '/internal/camera-agent/cameras');
    expect(body.cameras).toEqual([
      {
        camera_id: 'cam1',
        open_nvr_camera_id: 1,
        name: expect.any(String),
        frame_url: 'rtsp://127.0.0.1:18554/camera',
        role: 'general',
        source: 'camera',
        assignments: null,
      },
    ]);
    expect((await call('GET', '/internal/camera-agent/detect-config')).body).toEqual({ gate_mode: null });
  });

  it('reports events with their pictures; the same track twice is one event', async () => {
    const picture = jpeg.toString('base64');
    const first = await call('POST', '/internal/camera-agent/events', { body: { ...event, evidence_jpeg_b64: picture } });
    expect([first.status, first.body]).toMatchObject([201, { evidence_path: expect.stringMatching(/\.jpg$/) }]);
    const { id } = first.body as { id: number };
    expect((await call('GET', `/internal/camera-agent/events/${id}/evidence`)).bytes).toEqual(jpeg);
    const ended = { ...event, camera_id: 'cam-1', ended_at: '2026-01-01T12:00:09Z' };
    expect((await call('POST', '/internal/camera-agent/events', { body: ended })).body).toEqual({ id, duplicate: true });
    const { body } = await call('GET', '/internal/camera-agent/events?label=person');
    expect(body.events).toMatchObject([{ id, score: 0.8, ended_at: '2026-01-01T12:00:09.000Z', has_evidence: true }]);
  });

  it('asks for a picture of the past, where there is one', async () => {
    const frame = (query: string) => call('GET', `/internal/camera-agent/recordings/frame?${query}`);
    expect((await frame('camera_id=cam1&at=2026-01-01T12:00:00Z')).status).toBe(404);
    expect((await frame('camera_id=cam99&at=2026-01-01T12:00:00Z')).status).toBe(404);
    expect((await frame('camera_id=cam1&at=noon')).status).toBe(422);
  });

  it.each([
    ['an unknown camera', { camera_id: 99 }, 404],
    ['a picture that is none', { evidence_jpeg_b64: Buffer.from('hello').toString('base64') }, 422],
    ['a picture that is no base64', { evidence_jpeg_b64: '%%%' }, 422],
    ['a start that is none', { started_at: 'yesterday' }, 422],
  ])('is told no for %s', async (_name, fields, status) => {
    expect((await call('POST', '/internal/camera-agent/events', { body: { ...event, ...fields } })).status).toBe(status);
  });

  it('is nobody with another key, and the key is nothing on other routes; nor are admins services', async () => {
    const wrong = { 'x-internal-api-key': `${internalApiKey}x` };
    expect((await call('GET', '/internal/camera-agent/cameras', { headers: wrong })).status).toBe(401);
    expect((await call('GET', '/cameras')).status).toBe(401);
    expect((await call('GET', '/internal/camera-agent/cameras', { headers: asAdmin() })).status).toBe(403);
    expect((await call('GET', '/internal/camera-agent/cameras', { headers: { authorization: `Bearer ${viewerToken}` } })).status).toBe(403);
    expect((await call('PUT', '/apps/loitering/config', { body: {} })).status).toBe(403);
  });
});
