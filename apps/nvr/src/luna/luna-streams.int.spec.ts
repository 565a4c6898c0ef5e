import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { account, reference, startTestManager, type Body, type TestManager } from './luna-manager.fixture.js';

let manager: TestManager;
beforeAll(async () => {
  manager = await startTestManager();
});
afterAll(() => manager.nvr.stop());

const analytics = [{ analytic_name: 'people_count' }];
const json = { 'content-type': 'application/json' };

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
    const viewer = await manager.asUser('vera', ['cameras.view'], [manager.cameraId]);
    const seen = JSON.stringify(await read(manager.cameraUuid, viewer));
    for (const secret of ['t0k3n', 's3cret']) expect(seen).not.toContain(secret);
    expect(seen).toContain('https://hooks.example.org/****');
    expect(JSON.stringify((await manager.send('GET', '/streams?page_size=1000', undefined, viewer)).body)).not.toContain('s3cret');
    const key = await manager.asKey('all');
    const reader = await manager.asKey('all', ['cameras:read']);
    expect(JSON.stringify(await read(id, reader))).not.toContain('s3cret');
    for (const [caller, streamId] of [
      [{}, id],
      [{}, manager.cameraUuid],
      [await manager.asUser('ines', ['cameras.view', 'cameras.manage']), id],
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

describe('a stream that many change at the same moment', () => {
  it('answers each with what that one wrote', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `gate ${index}`);
    // Who answers with what another wrote does not always.
    for (let round = 0; round < 5; round++) {
      const id = await manager.createStream();
      const answers = await Promise.all(names.map((name) => manager.send('PUT', `/streams/${id}`, { name, analytics })));
      expect(answers.map(({ body }) => body.name)).toEqual(names);
      expect(answers.map(({ body }) => Number(body.version)).sort((a, b) => a - b)).toEqual(names.map((_, index) => index + 2));
      const last = answers.find(({ body }) => body.version === names.length + 1);
      expect((await manager.send('GET', `/streams/${id}`)).body).toEqual(last?.body);
    }
  });
});

describe('the name of a camera’s stream', () => {
  const camera = async (name: string) => {
    const { id, uuid } = await manager.nvr.database.camera.create({
      data: { framesName: `named_${name}`, name, rtspUrl: `rtsp://10.0.0.1/${name}` },
    });
    const rename = (to: string) =>
      manager.nvr.fetch(`/api/v1/cameras/${id}`, { method: 'PUT', headers: json, body: JSON.stringify({ name: to }) });
    /** What users read, in both ways, and what the agent tells as source. */
    const names = async () => {
      const list = (await manager.send('GET', '/streams?page_size=1000')).body.streams as { stream_id: string; name: string }[];
      const assigned = (await manager.claim('ours')).find(({ stream_id }) => stream_id === uuid);
      const shown = (await manager.send('GET', `/streams/${uuid}`)).body.name;
      return [shown, list.find(({ stream_id }) => stream_id === uuid)?.name, assigned?.name];
    };
    return { uuid, rename, names };
  };

  it('is the camera’s, also after that was renamed, and after what was read was sent back', async () => {
    const { names, rename, uuid } = await camera('hall');
    expect(await names()).toEqual(['hall', 'hall', 'hall']);
    await rename('lobby');
    expect(await names()).toEqual(['lobby', 'lobby', 'lobby']);
    const shown = (await manager.send('GET', `/streams/${uuid}`)).body;
    expect((await manager.send('PUT', `/streams/${uuid}`, shown)).body).toEqual({ ...shown, version: 2 });
    await rename('foyer');
    expect(await names()).toEqual(['foyer', 'foyer', 'foyer']);
  });

  it('is its own for everybody, once somebody gave it one', async () => {
    const { names, rename, uuid } = await camera('roof');
    expect((await manager.send('PUT', `/streams/${uuid}`, { name: 'the sky', analytics: [] })).body.name).toBe('the sky');
    expect(await names()).toEqual(['the sky', 'the sky', 'the sky']);
    await rename('top');
    expect(await names()).toEqual(['the sky', 'the sky', 'the sky']);
    expect((await manager.send('PUT', `/streams/${uuid}`, { analytics: [] })).body.name).toBe('top');
  });

  it('is the camera’s where a former release wrote down what that was called once', async () => {
    const { names, uuid } = await camera('dock');
    await names();
    await manager.nvr.database.lunaStream.update({ where: { id: uuid }, data: { name: 'quay' } });
    expect(await names()).toEqual(['dock', 'dock', 'dock']);
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
