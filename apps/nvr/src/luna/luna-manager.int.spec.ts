import { createPublicKey, randomUUID, type JsonWebKey } from 'node:crypto';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createStreamTicketReader } from '@nightjar/auth';
import type { StreamFeedback } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import type { FastifyRequest } from 'fastify';
import { logIn } from '../test-nvr.fixture.js';
import { account, reference, startTestManager, type Body, type TestManager } from './luna-manager.fixture.js';

let nvr: TestManager['nvr'];
let cameraUuid: TestManager['cameraUuid'];
let send: TestManager['send'];
let createStream: TestManager['createStream'];
let statusOf: TestManager['statusOf'];
let claim: TestManager['claim'];
const told = (stream_id: string, version: number, status: StreamFeedback['status'], error: string | null = null): StreamFeedback => ({
  stream_id,
  version,
  status,
  error,
  at_unix_ms: Date.now(),
});

beforeAll(async () => {
  ({ nvr, cameraUuid, send, createStream, statusOf, claim } = await startTestManager());
});
afterAll(() => nvr.stop());

describe('streams of the Luna surface', () => {
  it('are made, read, replaced and removed, and never show a password', async () => {
    const made = await send('POST', '/streams', { name: 'gate', data: { reference }, analytics: [{ analytic_name: 'people_count' }] });
    expect([made.status, made.headers.get('location')]).toEqual([201, `/1/streams/${made.body.stream_id}`]);
    expect(made.headers.get('luna-request-id')).toMatch(/^\d{10},/);
    const { body } = await send('GET', `/streams/${made.body.stream_id}`);
    expect(body).toMatchObject({
      account_id: account,
      name: 'gate',
      version: 1,
      status: 'pending',
      data: { type: 'tcp', reference: 'rtsp://watch:****@10.0.0.9:554/live' },
      autorestart: { restart: 1, attempt_count: 10, delay: 60, status: 'enabled' },
      analytics: [{ analytic_name: 'people_count', parameters: {} }],
    });
    const parameters = { targets: ['overview'], timezone: 'Europe/Berlin', seen: 'at night' };
    const change = { name: 'back gate', analytics: [{ analytic_name: 'people_count', parameters }] };
    expect((await send('PUT', `/streams/${made.body.stream_id}`, change)).body).toMatchObject({ name: 'back gate', version: 2 });
    expect((await send('DELETE', `/streams/${made.body.stream_id}`)).status).toBe(204);
    expect(await send('GET', `/streams/${made.body.stream_id}`)).toMatchObject({ status: 404, body: { error_code: 44001 } });
  });

  it('keep their address when it comes back as it was shown, also with a password in its query', async () => {
    for (const [address, shown] of [
      [reference, 'rtsp://watch:****@10.0.0.9:554/live'],
      ['rtsp://10.0.0.9/live?channel=1&user=watch&password=s3cret', 'rtsp://10.0.0.9/live?channel=1&user=***&password=***'],
    ] as const) {
      const id = await createStream({ data: { reference: address } });
      const { data } = (await send('GET', `/streams/${id}`)).body;
      expect(data).toEqual({ type: 'tcp', reference: shown });
      const change = { name: 'renamed', analytics: [{ analytic_name: 'people_count' }], data };
      expect((await send('PUT', `/streams/${id}`, change)).body).toMatchObject({ name: 'renamed', data: { reference: shown } });
      expect((await claim('ours')).find(({ stream_id }) => stream_id === id)).toMatchObject({ url: address });
    }
  });

  it('are refused with the documented codes', async () => {
    const refusals: [object, number, number][] = [
      [{ data: { reference } }, 400, 12014],
      [{ data: {}, analytics: [{ analytic_name: 'people_count' }] }, 400, 12014],
      [{ data: { reference }, analytics: [] }, 400, 12022],
      [{ data: { reference }, analytics: [{ analytic_name: 'people_count' }], status: 'running' }, 400, 44002],
      [{ data: { reference, rotation: 45 }, analytics: [{ analytic_name: 'people_count' }] }, 400, 12022],
      [{ data: { reference, roi: { x: -1, width: 10, height: 10 } }, analytics: [{ analytic_name: 'people_count' }] }, 400, 12022],
      [
        { data: { reference, droi: { x: 60, width: 50, height: 10, mode: 'percent' } }, analytics: [{ analytic_name: 'people_count' }] },
        400,
        12022,
      ],
      [{ data: { reference }, analytics: [{ analytic_name: 'people_count' }], account_id: randomUUID() }, 403, 403],
      [{ data: { reference: 'exec:rm' }, analytics: [{ analytic_name: 'people_count' }] }, 400, 12022],
      [{ data: { reference: 'http://10.0.0.1/x' }, analytics: [{ analytic_name: 'people_count' }] }, 400, 12022],
      [{ data: { reference: 'rtsp://127.0.0.1/x' }, analytics: [{ analytic_name: 'people_count' }] }, 400, 12022],
      [{ data: { reference: { url: reference } }, analytics: [{ analytic_name: 'people_count' }] }, 400, 12022],
      [{ data: { reference }, analytics: [{ analytic_name: 'nothing' }] }, 404, 44008],
      [{ data: { reference }, analytics: [{ analytic_name: 'people_count', parameters: { targets: ['faces'] } }] }, 400, 44010],
      [{ data: { reference }, analytics: [{ analytic_name: 'people_count', parameters: { timezone: 'Mars/Olympus' } }] }, 400, 44010],
      [{ data: { reference }, analytics: [{ analytic_name: 'people_count', parameters: { url: 'not a url' } }] }, 400, 44010],
      [
        { data: { reference }, analytics: [{ analytic_name: 'people_count', parameters: { roi: { x: 50, width: 60, mode: 'percent' } } }] },
        400,
        44010,
      ],
      [{ data: { reference }, analytics: [{ analytic_name: 'people_count' }], group_name: 'nobody' }, 404, 44004],
    ];
    for (const [body, status, code] of refusals) {
      const answer = await send('POST', '/streams', body);
      expect([body, answer.status, answer.body.error_code]).toEqual([body, status, code]);
    }
    const nowhere = { data: { reference }, analytics: [{ analytic_name: 'people_count', parameters: { timezone: 'Mars/Olympus' } }] };
    expect((await send('POST', '/streams', nowhere)).body.detail).toBe(
      'parameters of people_count: /timezone is no time zone that is known here',
    );
    for (const id of ['x', '__proto__', randomUUID()]) expect((await send('GET', `/streams/${id}`)).body.error_code).toBe(44001);
    expect((await send('GET', '/streams?statuses=running')).body.error_code).toBe(44002);
    expect((await send('GET', '/streams/logs?targets=secrets')).body.error_code).toBe(44006);
    expect((await send('GET', '/streams', undefined, { 'luna-account-id': randomUUID() })).status).toBe(403);
    expect((await send('GET', '/streams', undefined, { 'luna-account-id': account })).status).toBe(200);
    const stranger = await fetch(`${nvr.url}/1/streams`);
    expect([stranger.status, stranger.headers.get('luna-request-id')]).toEqual([401, expect.stringMatching(/^\d{10},/)]);
  });

  it('take what clients send of their source, and tell their agent how its pictures are turned and where it looks', async () => {
    const [roi, droi] = [
      { x: 10, y: 20, width: 30, height: 40, mode: 'percent' } as const,
      { x: 0, y: 0, width: 0, height: 0, mode: 'abs' } as const,
    ];
    const source = { type: 'udp', rotation: 270, roi, droi, downloadable: false, timestamp_source: 'auto' };
    const id = await createStream({ account_id: account, data: { reference, ...source } });
    expect((await send('GET', `/streams/${id}`)).body.data).toMatchObject(source);
    const assigned = async (streamId: string) => (await claim('ours')).find(({ stream_id }) => stream_id === streamId);
    expect(await assigned(id)).toMatchObject({ rotation: 270, roi, droi });
    expect(await assigned(await createStream())).toMatchObject({ rotation: 0, roi: null, droi: null });
    // A camera of ours too, whose address stays its own.
    const data = { framesName: 'hall', name: 'hall', rtspUrl: 'rtsp://10.0.0.1/hall' };
    const { uuid } = await nvr.database.camera.create({ data });
    const change = { analytics: [], data: { rotation: 180, roi } };
    expect((await send('PUT', `/streams/${uuid}`, change)).body.data).toMatchObject({ rotation: 180, roi });
    expect(await assigned(uuid)).toMatchObject({ camera_id: expect.any(Number), rotation: 180, roi });
    await send('PUT', `/streams/${uuid}`, { analytics: [], data: {} });
    expect(await assigned(uuid)).toMatchObject({ rotation: 0, roi: null });
  });

  it('answer 405 with the methods that there are, and tell what is wrong with a body', async () => {
    const id = randomUUID();
    const wrong = [
      ['POST', '/streams/count', 'GET, HEAD, PUT, PATCH, DELETE'],
      ['PUT', '/streams', 'POST, GET, HEAD'],
      ['POST', `/streams/${id}`, 'GET, HEAD, PUT, PATCH, DELETE'],
      ['GET', `/agents/${id}/feedback`, 'POST'],
      ['PUT', '/groups/linker', 'PATCH, GET, HEAD, DELETE'],
      ['OPTIONS', '/ws/', 'GET, HEAD'],
    ] as const;
    for (const [method, route, allow] of wrong) {
      const { body, headers, status } = await send(method, route);
      expect([route, status, headers.get('allow'), body]).toEqual([
        route,
        405,
        allow,
        { error_code: 12021, desc: 'Method not allowed', detail: 'Method not allowed', link: '/docs/errors#code-12021' },
      ]);
    }
    const page = await (await fetch(`${nvr.url}/docs/errors`)).text();
    for (const code of [12021, 44001]) expect(page).toContain(`<tr id="code-${code}">`);
    expect((await send('POST', '/nothing')).body.error_code).toBe(12013);
    const post = async (body: string, type = 'application/json') => {
      const answer = await nvr.fetch('/1/streams', { method: 'POST', headers: { 'content-type': type }, body });
      return [answer.status, ((await answer.json()) as Body).error_code];
    };
    expect(await post('')).toEqual([400, 12030]);
    expect(await post('null')).toEqual([400, 12030]);
    expect(await post('{"name":')).toEqual([400, 12027]);
    expect(await post('<xml/>', 'application/xml')).toEqual([400, 12017]);
    expect((await send('POST', '/streams')).body).toMatchObject({ error_code: 12030, detail: 'Request contains no data' });
  });

  it('go to our agents with address, version and analytics, and follow what those tell', async () => {
    const id = await createStream({ analytics: [{ analytic_name: 'people_count', parameters: { targets: ['coordinates'] } }] });
    const [stream] = (await claim('ours')).filter(({ stream_id }) => stream_id === id);
    expect(stream).toMatchObject({
      camera_id: null,
      version: 1,
      account_id: account,
      url: reference,
      transport: 'tcp',
      analytics: [{ analytic_name: 'people_count', parameters: { targets: ['coordinates'] } }],
    });
    await claim('ours', [told(id, 1, 'in_progress')]);
    expect(await statusOf(id)).toBe('in_progress');
    expect((await send('GET', `/streams/${id}/agent`)).body).toMatchObject({ name: 'ours' });
    await send('PUT', `/streams/${id}`, { analytics: [{ analytic_name: 'people_count' }] });
    await claim('ours', [told(id, 1, 'failure', 'of the former version')]);
    expect(await statusOf(id)).toBe('pending');
    await claim('ours', [told(id, 2, 'failure', 'decoding error')]);
    expect((await send('GET', `/streams/${id}`)).body).toMatchObject({ status: 'failure', last_error: 'decoding error' });
    expect((await claim('ours')).map(({ stream_id }) => stream_id)).not.toContain(id);
    expect(await send('GET', `/streams/${id}/agent`)).toMatchObject({ status: 409, body: { error_code: 44013 } });
    const { body } = await send('GET', `/streams/logs?stream_id=${id}&targets=status,error`);
    expect(body.logs).toEqual([
      { status: 'failure', error: 'decoding error' },
      { status: 'pending', error: null },
      { status: 'in_progress', error: null },
      { status: 'pending', error: null },
    ]);
    expect((await send('DELETE', `/streams/logs?stream_id=${id}`)).status).toBe(204);
    expect((await send('GET', `/streams/logs?stream_id=${id}`)).body.logs).toEqual([]);
  });

  it('show the video as its agent saw it, and its last picture, to who may read the stream', async () => {
    const id = await createStream({ data: { reference, rotation: 90 } });
    expect((await send('GET', `/streams/${id}`)).body).toMatchObject({ video_info: null, preview: null });
    expect(await send('GET', `/streams/${id}/preview`)).toMatchObject({ status: 404, body: { error_code: 12013 } });
    const video_info = { width: 360, height: 640, codec: 'h264' };
    await claim('ours', [{ ...told(id, 1, 'in_progress'), video_info }]);
    // An agent that says nothing of it, as one of others, takes nothing back.
    await claim('ours', [told(id, 1, 'in_progress')]);
    const directory = path.join(nvr.config.framesDir, `stream-${id}`);
    await mkdir(directory, { recursive: true });
    const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xd9]);
    await writeFile(path.join(directory, 'latest.jpg'), jpeg);
    await utimes(path.join(directory, 'latest.jpg'), 1_700_000_000, 1_700_000_000);
    const preview = { url: `/1/streams/${id}/preview`, time: '2023-11-14T22:13:20.000Z' };
    expect((await send('GET', `/streams/${id}`)).body).toMatchObject({ video_info, preview });
    const { body: list } = await send('GET', '/streams?page_size=1000');
    expect(list.streams).toContainEqual(expect.objectContaining({ stream_id: id, video_info, preview }));
    const answer = await nvr.fetch(preview.url);
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
      200,
      'image/jpeg',
      'private, no-store',
    ]);
    expect(answer.headers.get('last-modified')).toBe('Tue, 14 Nov 2023 22:13:20 GMT');
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(jpeg);
    expect((await fetch(`${nvr.url}${preview.url}`)).status).toBe(401);
    // Another source is another video.
    await send('PUT', `/streams/${id}`, { analytics: [{ analytic_name: 'people_count' }], data: { reference, rotation: 0 } });
    expect((await send('GET', `/streams/${id}`)).body).toMatchObject({ video_info: null });
  });

  it('may be video files, whose signed addresses nobody is shown, and which are done at their end until they are resumed', async () => {
    const film = 'https://10.0.0.7/gate.mp4?X-Signature=s3cret';
    const id = await createStream({ data: { type: 'videofile', reference: film } });
    expect((await send('GET', `/streams/${id}`)).body.data).toEqual({ type: 'videofile', reference: 'https://10.0.0.7/gate.mp4?****' });
    const assigned = async (feedback: StreamFeedback[] = []) => (await claim('ours', feedback)).find(({ stream_id }) => stream_id === id);
    expect(await assigned()).toMatchObject({ camera_id: null, kind: 'file', url: film });
    await assigned([told(id, 1, 'in_progress')]);
    expect(await assigned([told(id, 1, 'done')])).toBeUndefined();
    expect((await send('GET', `/streams/${id}`)).body).toMatchObject({ status: 'done', last_error: null });
    expect((await send('PATCH', `/streams/${id}?action=resume`, {})).body).toEqual({ streams_count: 1 });
    expect(await assigned()).toMatchObject({ kind: 'file', version: 1 });
    for (const reference of ['http://127.0.0.1/x.mp4', 'http://169.254.169.254/x.mp4', 'file:///etc/passwd', 'rtsp://10.0.0.9/live']) {
      const refused = await send('POST', '/streams', {
        data: { type: 'videofile', reference },
        analytics: [{ analytic_name: 'people_count' }],
      });
      expect([reference, refused.status, refused.body.error_code]).toEqual([reference, 400, 12022]);
    }
    const change = { analytics: [{ analytic_name: 'people_count' }], data: { type: 'tcp' } };
    expect(await send('PUT', `/streams/${id}`, change)).toMatchObject({ status: 400, body: { error_code: 12022 } });
  });

  it('are restarted after a failure, as often as was asked for', async () => {
    const id = await createStream({ autorestart: { restart: 1, attempt_count: 1, delay: 1 } });
    await claim('ours');
    await claim('ours', [told(id, 1, 'failure', 'gone')]);
    await until(async () => (await statusOf(id)) === 'pending');
    await claim('ours', [told(id, 1, 'failure', 'gone again')]);
    expect((await send('GET', `/streams/${id}`)).body).toMatchObject({
      status: 'failure',
      autorestart: { current_attempt: 1, status: 'failed' },
    });
  });

  it('are stopped and resumed by their user, whatever an agent says', async () => {
    const id = await createStream();
    await claim('ours');
    expect((await send('PATCH', `/streams/${id}?action=stop`, {})).body).toEqual({ streams_count: 1 });
    expect((await send('PATCH', `/streams/${id}?action=stop`, {})).body).toEqual({ streams_count: 0 });
    expect((await claim('ours', [told(id, 1, 'in_progress')])).map(({ stream_id }) => stream_id)).not.toContain(id);
    expect(await statusOf(id)).toBe('stop');
    await send('PATCH', `/streams/${id}?action=resume`, {});
    expect((await claim('ours')).map(({ stream_id }) => stream_id)).toContain(id);
    expect((await send('PATCH', `/streams/${id}?action=erase`, {})).body.error_code).toBe(12022);
    expect((await send('PATCH', `/streams/${id}`, {})).body.error_code).toBe(12014);
  });

  it('are counted and listed by status and group', async () => {
    const { body: group } = await send('POST', '/groups', { group_name: 'north' });
    expect((await send('POST', '/groups', { group_name: 'north' })).body.error_code).toBe(44003);
    const id = await createStream({ group_name: 'north', status: 'stop' });
    const other = await createStream({ status: 'stop' });
    await send('PATCH', '/groups/linker', { group_id: group.group_id, stream_ids: [other], action: 'link' });
    expect((await send('GET', `/streams/count?group_id=${group.group_id}&statuses=5`)).body).toEqual({ streams_count: 2 });
    await send('PATCH', '/groups/linker', { group_name: 'north', stream_ids: [other], action: 'unlink' });
    const again = await send('PATCH', '/groups/linker', { group_name: 'north', stream_ids: [id, other], action: 'unlink' });
    expect([again.status, again.body.error_code]).toEqual([404, 44005]);
    const { body } = await send('GET', `/streams?group_id=${group.group_id}&page_size=1000`);
    expect(body.streams).toMatchObject([{ stream_id: id, groups: [{ group_name: 'north' }] }]);
    expect((await send('DELETE', `/groups/${group.group_id}`)).status).toBe(204);
    expect(await statusOf(id)).toBe('stop');
  });
});

describe('a ticket for the results of a stream', () => {
  it('is signed with the keys that agents verify with, for a minute and that stream alone', async () => {
    const askedAtMs = Date.now();
    const given = await send('POST', `/streams/${cameraUuid}/ticket`);
    const givenAtMs = Date.now();
    expect(given).toMatchObject({ status: 200, body: { expires_in: 60 } });
    const ticket = String(given.body.ticket);
    const { keys } = (await (await fetch(`${nvr.url}/.well-known/jwks.json`)).json()) as { keys: (JsonWebKey & { kid: string })[] };
    const findKey = (kid: string) => {
      const key = keys.find((known) => known.kid === kid);
      return Promise.resolve(key && createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString());
    };
    const read = createStreamTicketReader({ issuer: nvr.config.issuer, findKey });
    const { expiresAtUnixMs, streamId } = await read({ url: `/1/ws?ticket=${ticket}`, headers: {} } as FastifyRequest);
    expect(streamId).toBe(cameraUuid);
    // Of a token, times are whole seconds, and clocks may differ by a few.
    expect(expiresAtUnixMs).toBeGreaterThan(askedAtMs + 50_000);
    expect(expiresAtUnixMs).toBeLessThan(givenAtMs + 70_000);
    // No route of ours takes it for a token.
    expect((await send('GET', '/streams', undefined, { authorization: `Bearer ${ticket}` })).status).toBe(401);
    expect((await send('POST', `/streams/${randomUUID()}/ticket`)).body.error_code).toBe(44001);
  });
});

describe('a camera of ours', () => {
  it('is a stream, whose analytics are set and which is stopped there', async () => {
    const { body } = await send('GET', `/streams/${cameraUuid}`);
    expect(body).toMatchObject({ name: 'yard', analytics: [], data: { reference: expect.not.stringContaining('10.0.0.1') } });
    const intended = { analytics: [{ analytic_name: 'people_count', parameters: { targets: ['overview'] } }] };
    expect((await send('PUT', `/streams/${cameraUuid}`, intended)).body).toMatchObject({ version: 2 });
    const [stream] = (await claim('ours')).filter(({ stream_id }) => stream_id === cameraUuid);
    expect(stream).toMatchObject({ camera_id: expect.any(Number), version: 2, ...intended });
    await send('PATCH', `/streams/${cameraUuid}?action=stop`, {});
    expect((await claim('ours')).map(({ stream_id }) => stream_id)).not.toContain(cameraUuid);
    expect(await nvr.database.camera.findFirst({ where: { uuid: cameraUuid } })).toMatchObject({ analyticsEnabled: false });
    expect((await send('DELETE', `/streams/${cameraUuid}`)).status).toBe(409);
  });

  it('is changed by a role that manages cameras, if its user sees the camera', async () => {
    const headers = { 'content-type': 'application/json' };
    const post = async (route: string, body: object) =>
      (await (await nvr.fetch(`/api/v1${route}`, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as { id: number };
    const role = await post('/roles', { name: 'installer', permissions: ['cameras.view', 'cameras.manage'] });
    const credentials = { username: 'ines', password: 'correct horse battery' };
    const { id: userId } = await post('/users', { ...credentials, role_id: role.id });
    const authorization = `Bearer ${await logIn(nvr.url, credentials)}`;
    const stop = async () => (await send('PATCH', `/streams/${cameraUuid}?action=stop`, {}, { authorization })).status;
    expect(await stop()).toBe(404);
    const { id: cameraId } = await nvr.database.camera.findUniqueOrThrow({ where: { uuid: cameraUuid } });
    await nvr.database.cameraGrant.create({ data: { userId, cameraId } });
    expect(await stop()).toBe(200);
  });

  it('is nobody’s stream who may not see it', async () => {
    const password = 'correct horse battery';
    const headers = { 'content-type': 'application/json' };
    await nvr.fetch('/api/v1/users', { method: 'POST', headers, body: JSON.stringify({ username: 'guest', password }) });
    const authorization = `Bearer ${await logIn(nvr.url, { username: 'guest', password })}`;
    for (const route of ['', '/preview'])
      expect((await send('GET', `/streams/${cameraUuid}${route}`, undefined, { authorization })).status).toBe(404);
    expect((await send('PATCH', `/streams/${cameraUuid}?action=stop`, {}, { authorization })).status).toBe(403);
  });
});
