import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { logIn } from '../test-nvr.fixture.js';
import { account, reference, startTestManager, type Body, type TestManager } from './luna-manager.fixture.js';

let manager: TestManager;
beforeAll(async () => {
  manager = await startTestManager();
});
afterAll(() => manager.nvr.stop());

const analytics = [{ analytic_name: 'people_count' }];
const json = { 'content-type': 'application/json' };
const post = async (route: string, body: object) =>
  (await (await manager.nvr.fetch(`/api/v1${route}`, { method: 'POST', headers: json, body: JSON.stringify(body) })).json()) as {
    id: number;
    key: string;
  };
const asUser = async (username: string, permissions: string[]) => {
  const credentials = { username, password: 'correct horse battery' };
  const role = await post('/roles', { name: `role of ${username}`, permissions });
  await post('/users', { ...credentials, role_id: role.id });
  return { authorization: `Bearer ${await logIn(manager.nvr.url, credentials)}` };
};

describe('what callbacks authorize themselves with', () => {
  it('is shown to who may change the stream, told to its agent, and to nobody else', async () => {
    const callback = {
      type: 'http',
      url: 'https://hooks.example.org/t0k3n',
      authorization: { type: 'basic', login: 'watch', password: 's3cret' },
      params: { headers: { 'X-Api-Key': 's3cret' } },
    };
    const withCallback = [{ analytic_name: 'people_count', parameters: { callbacks: [callback] } }];
    const id = await manager.createStream({ analytics: withCallback });
    await manager.send('PUT', `/streams/${manager.cameraUuid}`, { analytics: withCallback });
    const read = async (streamId: string, headers: Record<string, string>) =>
      (await manager.send('GET', `/streams/${streamId}`, undefined, headers)).body.analytics;
    const viewer = await asUser('vera', ['cameras.view']);
    const seen = JSON.stringify(await read(id, viewer));
    for (const secret of ['t0k3n', 's3cret']) expect(seen).not.toContain(secret);
    expect(seen).toContain('https://hooks.example.org/****');
    expect(JSON.stringify((await manager.send('GET', '/streams?page_size=1000', undefined, viewer)).body)).not.toContain('s3cret');
    const key = {
      authorization: `Bearer ${(await post('/api-keys', { name: 'k', scopes: ['streams:manage', 'cameras:read'], camera_ids: 'all' })).key}`,
    };
    for (const [caller, streamId] of [
      [{}, id],
      [{}, manager.cameraUuid],
      [await asUser('ines', ['cameras.view', 'cameras.manage']), id],
      [key, id],
    ] as const)
      expect(await read(streamId, caller)).toMatchObject(withCallback);
    // A key gives cameras no orders.
    expect(JSON.stringify(await read(manager.cameraUuid, key))).not.toContain('s3cret');
    const { agent_id } = (
      await manager.send('POST', '/agents', { name: 'theirs', port: 5240, analytics: ['people_count'], max_stream_count: 1 }, key)
    ).body;
    const fetched = await manager.send('POST', `/agents/${agent_id}/streams`, {}, key);
    expect(fetched.body.streams).toMatchObject([{ stream_id: id, analytics: withCallback }]);
    await manager.send('DELETE', `/agents/${agent_id}`, undefined, key);
  });
});

describe('what was read of a stream', () => {
  it('may be sent back, and changes nothing', async () => {
    const id = await manager.createStream({
      autorestart: { restart: 1, attempt_count: 3, delay: 5 },
      data: { reference, timestamp_source: 'pts' },
    });
    const shown = (await manager.send('GET', `/streams/${id}`)).body;
    const back = await manager.send('PUT', `/streams/${id}`, shown);
    expect([back.status, back.body]).toEqual([200, { ...shown, version: 2 }]);
    expect((await manager.claim('ours')).find(({ stream_id }) => stream_id === id)).toMatchObject({ url: reference });
    await manager.claim('ours', [{ stream_id: id, version: 2, status: 'in_progress', error: null, at_unix_ms: Date.now() }]);
    const running = (await manager.send('GET', `/streams/${id}`)).body;
    expect(running).toMatchObject({ status: 'in_progress', version: 2 });
    expect((await manager.send('PUT', `/streams/${id}`, running)).body).toMatchObject({ status: 'pending', version: 3 });
    expect((await manager.send('PUT', `/streams/${id}`, { ...running, colour: 'red' })).status).toBe(400);
  });

  it('stays stopped when it was', async () => {
    const id = await manager.createStream({ status: 'stop' });
    const shown = (await manager.send('GET', `/streams/${id}`)).body;
    expect((await manager.send('PUT', `/streams/${id}`, shown)).body).toMatchObject({ status: 'stop', version: 2 });
  });
});

describe('a stream that is replaced', () => {
  it('comes into the group that is named, and loses its place with null', async () => {
    const [first, second] = ['gates', 'doors'];
    for (const group_name of [first, second]) await manager.send('POST', '/groups', { group_name });
    const id = await manager.createStream({ group_name: first, location: { city: 'Riga' } });
    const change = (body: object) => manager.send('PUT', `/streams/${id}`, { analytics, ...body });
    for (const group_name of [second, second])
      expect((await change({ group_name })).body).toMatchObject({
        groups: expect.arrayContaining([expect.objectContaining({ group_name: first }), expect.objectContaining({ group_name: second })]),
        location: { city: 'Riga' },
      });
    expect((await change({ location: null })).body.location).toBeNull();
    expect(await change({ group_name: 'nobody' })).toMatchObject({ status: 404 });
  });

  it('is no address any more when somebody typed over it: a mask is no password', async () => {
    const id = await manager.createStream();
    for (const typed of ['rtsp://watch:****@10.0.0.10/live', 'rtsp://10.0.0.10/live?password=***']) {
      const refused = await manager.send('PUT', `/streams/${id}`, { analytics, data: { reference: typed } });
      expect(refused).toMatchObject({ status: 400, body: { error_code: 12022 } });
      expect((await manager.send('POST', '/streams', { analytics, data: { reference: typed } })).status).toBe(400);
    }
    expect((await manager.claim('ours')).find(({ stream_id }) => stream_id === id)).toMatchObject({ url: reference });
  });
});

describe('what the database cannot keep', () => {
  it('is refused with its place', async () => {
    for (const parameters of [{ a: 'a\0b' }, { a: '\ud800' }, { 'a\0': 1 }]) {
      const refused = await manager.send('POST', '/streams', { data: { reference }, analytics: [{ ...analytics[0], parameters }] });
      expect(refused).toMatchObject({
        status: 400,
        body: { error_code: 12022, detail: expect.stringContaining('analytics.0.parameters') },
      });
    }
    const refused = await fetch(`${manager.nvr.url}/1/analytics`, {
      method: 'POST',
      headers: { ...json, 'luna-account-id': account },
      body: JSON.stringify({ analytic_name: 'smoke', documentation: 'a\0b' }),
    });
    expect([refused.status, ((await refused.json()) as Body).error_code]).toEqual([400, 12022]);
  });
});

describe('the analysis of a camera', () => {
  it('is one switch, whether it is turned at the camera or at its stream', async () => {
    const { id } = await manager.nvr.database.camera.findUniqueOrThrow({ where: { uuid: manager.cameraUuid } });
    const turnAtCamera = (analytics_enabled: boolean) =>
      manager.nvr.fetch(`/api/v1/cameras/${id}`, { method: 'PUT', headers: json, body: JSON.stringify({ analytics_enabled }) });
    const turnAtStream = async (action: string) =>
      (await manager.send('PATCH', `/streams/${manager.cameraUuid}?action=${action}`, {})).body;
    const state = async () => ({
      status: await manager.statusOf(manager.cameraUuid),
      isAnalysed: (await manager.claim('ours')).some(({ stream_id }) => stream_id === manager.cameraUuid),
      isEnabled: ((await (await manager.nvr.fetch(`/api/v1/cameras/${id}`)).json()) as { analytics_enabled: boolean }).analytics_enabled,
    });
    const [on, off] = [
      { status: 'pending', isAnalysed: true, isEnabled: true },
      { status: 'stop', isAnalysed: false, isEnabled: false },
    ];
    expect(await state()).toEqual(on);
    expect(await turnAtStream('stop')).toEqual({ streams_count: 1 });
    expect(await state()).toEqual(off);
    await turnAtCamera(true);
    expect(await manager.nvr.database.lunaStream.findUnique({ where: { id: manager.cameraUuid } })).toMatchObject({ status: 'pending' });
    expect(await state()).toEqual(on);
    await turnAtCamera(false);
    expect(await manager.nvr.database.lunaStream.findUnique({ where: { id: manager.cameraUuid } })).toMatchObject({ status: 'stop' });
    expect(await state()).toEqual(off);
    expect(await turnAtStream('resume')).toEqual({ streams_count: 1 });
    expect(await state()).toEqual(on);
    await turnAtCamera(true);
    const { logs } = (await manager.send('GET', `/streams/logs?stream_id=${manager.cameraUuid}&targets=status`)).body;
    expect((logs as { status: string }[]).slice(0, 4).map(({ status }) => status)).toEqual(['pending', 'stop', 'pending', 'stop']);
  });

  it('is that of the camera also where a former release let the two drift apart', async () => {
    const where = { uuid: manager.cameraUuid };
    await manager.nvr.database.camera.update({ where, data: { analyticsEnabled: false } });
    expect(await manager.statusOf(manager.cameraUuid)).toBe('stop');
    await manager.nvr.database.camera.update({ where, data: { analyticsEnabled: true } });
    expect(await manager.statusOf(manager.cameraUuid)).toBe('pending');
  });
});
