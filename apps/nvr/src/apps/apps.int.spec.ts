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

describe('an alert of an app', () => {
  let alerts = 0;
  const alert = (fields: object = {}) => ({
    alert_id: `alrt_told-${++alerts}`,
    fired_at: new Date().toISOString() as string | number,
    title: 'Loitering',
    source: { kind: 'detector', name: 'x' },
    camera_id: 'cam1',
    ...fields,
  });
  const rowsOf = ({ alert_id }: { alert_id: string }) => nvr.database.event.findMany({ where: { trackId: alert_id } });
  const told = (one: { alert_id: string }) => until(async () => (await rowsOf(one)).length > 0);

  it('is one event when it is told again and its clock is wrong by days', async () => {
    for (const firedAt of [new Date(Date.now() - 3 * 86_400_000).toISOString(), 12_345.678, 'at noon']) {
      const [repeated, last] = [alert({ fired_at: firedAt }), alert()];
      nvr.bus.publish(appAlert, repeated);
      nvr.bus.publish(appAlert, repeated);
      await told(repeated);
      const [row] = await rowsOf(repeated);
      nvr.bus.publish(appAlert, repeated);
      nvr.bus.publish(appAlert, last);
      await told(last);
      expect(await rowsOf(repeated)).toEqual([row]);
      expect(row!.endedAt).toEqual(row!.startedAt);
    }
  });

  it('is kept whatever its text is: cut between characters, and without what no text can hold', async () => {
    const long = alert({ title: `${'a'.repeat(59)}\u{1F6A8} and more` });
    const half = alert({ title: 'half \ud83d\0', evidence: { 'na\0me': 'C:\\u0000 \udea8' } });
    for (const one of [long, half]) nvr.bus.publish(appAlert, one);
    await Promise.all([told(long), told(half)]);
    expect(await rowsOf(long)).toMatchObject([{ label: `${'a'.repeat(59)}\u{1F6A8}` }]);
    expect(await rowsOf(half)).toMatchObject([{ label: 'half \ufffd', payload: { evidence: { name: 'C:\\u0000 \ufffd' } } }]);
  });

  it('without a zone in its time is of that time in UTC', async () => {
    const one = alert({ fired_at: '2026-01-01T12:00:00.123456', title: 'naive' });
    const now = alert({ fired_at: new Date(Date.now() - 5_000).toISOString().replace('Z', '000') });
    for (const published of [one, now]) nvr.bus.publish(appAlert, published);
    await told(now);
    expect(await rowsOf(now)).toMatchObject([{ startedAt: new Date(`${now.fired_at.toString().slice(0, 23)}Z`) }]);
  });

  it('is found by the number plate that it tells of', async () => {
    const read = alert({ evidence: { plate_text: ' b ab 1234' } });
    nvr.bus.publish(appAlert, read);
    await told(read);
    const { body } = await call('GET', '/internal/camera-agent/events?plate=ab12');
    expect(body).toMatchObject({ events: [{ track_id: read.alert_id, plate_text: 'BAB1234' }], count: 1, next_cursor: null });
    expect((await call('GET', '/internal/camera-agent/events?plate=ABC123')).body).toMatchObject({ events: [], count: 0 });
  });
});

describe('a service with the internal key', () => {
  const startUnixMs = Date.now() - 60_000;
  const isoAfter = (ms: number) => new Date(startUnixMs + ms).toISOString();
  const event = { camera_id: 1, label: 'person', score: 0.8, track_id: 7, started_at: isoAfter(0) };

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
    const ended = { ...event, camera_id: 'cam-1', ended_at: isoAfter(9_000) };
    expect((await call('POST', '/internal/camera-agent/events', { body: ended })).body).toEqual({ id, duplicate: true });
    const { body } = await call('GET', '/internal/camera-agent/events?label=person');
    expect(body.events).toMatchObject([{ id, score: 0.8, ended_at: isoAfter(9_000), has_evidence: true }]);
  });

  it('puts no event years away when its clock is wrong: it is of the time when it was told', async () => {
    for (const [trackId, started_at, ended_at] of [
      ['later', '2099-01-01T12:00:00', '2099-01-01T12:00:05'],
      ['earlier', '0001-01-01T00:00:00', '0001-01-01T00:00:05'],
      ['unix', 9_999_999_999, null],
      ['endless', isoAfter(0), '2099-01-01T12:00:00Z'],
    ] as const) {
      const body = { ...event, track_id: trackId, started_at, ended_at };
      const beforeMs = Date.now();
      const first = await call('POST', '/internal/camera-agent/events', { body });
      expect(first.status).toBe(201);
      const again = await call('POST', '/internal/camera-agent/events', { body });
      expect(again.body).toEqual({ id: first.body.id, duplicate: true });
      const { endedAt, startedAt } = await nvr.database.event.findFirstOrThrow({ where: { trackId } });
      const newestMs = Math.max(startedAt.getTime(), endedAt?.getTime() ?? 0);
      expect([trackId, newestMs >= beforeMs, newestMs <= Date.now()]).toEqual([trackId, true, true]);
      expect([trackId, startedAt.getTime()]).toEqual([trackId, trackId === 'endless' ? startUnixMs : expect.any(Number)]);
    }
  });

  it('reports pictures as large as cameras make them; others have no more than any body', async () => {
    const post = (bytes: number, headers?: Record<string, string>) => {
      const picture = Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(bytes), jpeg.subarray(-2)]);
      const body = { ...event, track_id: `large-${bytes}`, evidence_jpeg_b64: picture.toString('base64') };
      return call('POST', '/internal/camera-agent/events', { body, ...(headers && { headers }) });
    };
    const { body, status } = await post(3_000_000);
    expect([status, body]).toMatchObject([201, { evidence_path: expect.stringMatching(/\.jpg$/) }]);
    expect((await call('GET', `/internal/camera-agent/events/${String(body.id)}/evidence`)).bytes).toHaveLength(3_000_000 + jpeg.length);
    expect((await post(300_000, asAdmin())).status).toBe(403);
    expect((await post(300_000, {})).status).toBe(401);
    const long = { params: { text: 'a'.repeat(300_000) } };
    expect((await call('POST', '/apps/loitering/actions/reset', { body: long, headers: asAdmin() })).status).toBe(413);
  });

  it('is told no for more pictures at once than memory has room for, and never for an event without one', async () => {
    const headers = { 'x-internal-api-key': internalApiKey, 'content-type': 'application/json' };
    const target = `${nvr.url}/api/v1/internal/camera-agent/events`;
    const announced = Array.from({ length: 4 }, () => {
      const request = http.request(target, { method: 'POST', headers: { ...headers, 'content-length': 12 * 1024 * 1024 } });
      request.on('error', () => undefined).flushHeaders();
      return request;
    });
    const send = () =>
      fetch(target, { method: 'POST', headers, body: JSON.stringify({ ...event, evidence_jpeg_b64: 'A'.repeat(300_000) }) });
    await until(async () => (await send()).status === 503);
    expect((await send()).headers.get('retry-after')).not.toBeNull();
    expect((await call('POST', '/internal/camera-agent/events', { body: event })).status).toBe(201);
    for (const request of announced) request.destroy();
    await until(async () => (await send()).status === 422);
  });

  it('reads a number plate into its event, and pages of events', async () => {
    const first = await call('POST', '/internal/camera-agent/events', { body: { ...event, track_id: 'plate', plate_text: 'hh  ab 1' } });
    expect(first.status).toBe(201);
    const { body } = await call('GET', '/internal/camera-agent/events?plate=HHAB');
    expect(body.events).toMatchObject([{ track_id: 'plate', plate_text: 'HHAB1' }]);
    const { body: page } = await call('GET', '/internal/camera-agent/events?limit=1&from=2026-01-01');
    const { body: next } = await call('GET', `/internal/camera-agent/events?limit=1&from=2026-01-01&cursor=${String(page.next_cursor)}`);
    expect([page.count, next.count, page.next_cursor]).toEqual([1, 1, expect.any(String)]);
    expect(next.events).not.toEqual(page.events);
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
    ['an end before its start', { ended_at: new Date(Date.now() - 61_000).toISOString() }, 422],
    ['an end before its start, both in the far future', { started_at: '2099-01-01T12:00:00', ended_at: '2099-01-01T11:59:59' }, 422],
    ['half a character', { label: 'x\ud83d' }, 422],
    ['a track with NUL', { track_id: 'a\0' }, 422],
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
