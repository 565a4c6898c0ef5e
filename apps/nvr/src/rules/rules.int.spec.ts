import { createHmac } from 'node:crypto';
import http, { type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { reportEvent, type EventReport } from '@nightjar/contracts';
import { parseNetwork } from '@nightjar/outbound';
import { until } from '@nightjar/testing';
import { endAbandonedEvents } from '../events/events.store.js';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const operatorRoleId = 2;
const secret = 'a secret of the receiver';
const calls: { headers: IncomingHttpHeaders; body: string }[] = [];
let status = 200;
const receiver = http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    calls.push({ headers: request.headers, body });
    response.writeHead(status).end();
  });
});

let nvr: TestNvr;
let url: string;
let operatorToken: string;
let operatorId: number;
let [yard, hall] = [0, 0];

beforeAll(async () => {
  nvr = await startTestNvr({
    webhooks: { networks: [parseNetwork('127.0.0.0/8')!], ownPorts: [9100], signatureFormat: 'sha256=hex' },
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook?token=x`;
  const { passwordHash } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
  ({ id: operatorId } = await nvr.database.user.create({ data: { username: 'operator', passwordHash, roleId: operatorRoleId } }));
  const addCamera = async (name: string, ownerId: number | null) =>
    (await nvr.database.camera.create({ data: { name, framesName: name, rtspUrl: `rtsp://10.0.0.1/${name}`, ownerId } })).id;
  [yard, hall] = [await addCamera('yard', operatorId), await addCamera('hall', null)];
  operatorToken = await logIn(nvr.url, { username: 'operator', password: adminPassword });
});
afterEach(async () => {
  // What is on its way must not come to the next test.
  status = 200;
  const pending = { state: 'pending' } as const;
  await nvr.database.ruleMessage.updateMany({ where: pending, data: { runAfter: new Date(0) } });
  await until(async () => (await nvr.database.ruleMessage.count({ where: pending })) === 0);
  await nvr.database.eventRule.deleteMany();
  calls.length = 0;
});
afterAll(async () => {
  await nvr?.stop();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

async function call(method: string, path: string, options: { body?: unknown; token?: string } = {}) {
  const { body, token = operatorToken } = options;
  const answer = await fetch(`${nvr.url}/api/v1/rules${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}

async function makeRule(fields: object = {}, token = operatorToken): Promise<number> {
  const { body, status: answered } = await call('POST', '', { body: { name: 'people', url, ...fields }, token });
  expect(answered).toBe(201);
  return body.id as number;
}

let tracks = 0;
function report(fields: Partial<EventReport> = {}): EventReport {
  const named = { camera_id: yard, label: 'person', score: 0.9, track_id: `t-${++tracks}`, started_at_unix_ms: Date.UTC(2026, 0, 5, 12) };
  return { ...named, ended_at_unix_ms: null, frame_file: null, payload: {}, ...fields };
}
const send = (event: EventReport) => nvr.bus.request(reportEvent, event, { timeoutMs: 60_000 });

interface Told {
  id: string;
  type: string;
  data: { rule: { id: number }; event: { id: number; label: string; ended_at: string | null } };
}
const told = () => calls.map(({ body }) => JSON.parse(body) as Told);
const messages = (ruleId: number) => nvr.database.ruleMessage.findMany({ where: { ruleId }, orderBy: { createdAt: 'asc' } });
const settled = (ruleId: number) => until(async () => (await messages(ruleId)).every(({ state }) => state !== 'pending'));

describe('an event that a rule is about', () => {
  it('is told to its receiver as a CloudEvent, signed in both ways, once for its beginning and once for its end', async () => {
    const id = await makeRule({ secret, tells_end: true, labels: ['person'], camera_ids: ['yard'] });
    const event = report();
    const { event_id } = await send(event);
    await send({ ...event, score: 0.95 });
    await send({ ...event, ended_at_unix_ms: event.started_at_unix_ms + 5_000 });
    await until(() => calls.length === 2);
    await settled(id);
    // Each is sent for itself: the second one may be quicker.
    const [opened, ended] = ['opened', 'ended'].map((moment) => told().find(({ type }) => type.endsWith(moment))) as [Told, Told];
    expect(opened).toEqual({
      specversion: '1.0',
      id: expect.stringMatching(/^msg_/),
      type: 'org.nightjar.event.opened',
      source: 'nightjar/api/v1/events',
      subject: `cameras/${yard}/events/${event_id}`,
      time: expect.stringMatching(/Z$/),
      datacontenttype: 'application/json',
      data: { rule: { id, name: 'people' }, event: expect.objectContaining({ id: event_id, camera_id: yard, score: 0.9, ended_at: null }) },
    });
    expect([ended.type, ended.data.event.ended_at]).toEqual(['org.nightjar.event.ended', '2026-01-05T12:00:05.000Z']);
    const { headers, body } = calls.find((call) => call.body.includes(opened.id))!;
    expect(headers).toMatchObject({
      'content-type': 'application/cloudevents+json',
      'webhook-id': opened.id,
      'x-webhook-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      'webhook-signature': expect.stringMatching(/^v1,/),
    });
    expect(await messages(id)).toMatchObject([{ state: 'delivered' }, { state: 'delivered' }]);
  });

  it('that its agent left open is told of when somebody else ends it', async () => {
    const id = await makeRule({ tells_end: true });
    await send(report());
    const watchedUntil = new Date(Date.UTC(2026, 0, 5, 14));
    await nvr.database.$transaction((transaction) => endAbandonedEvents(transaction, [{ cameraId: yard, watchedUntil }]));
    expect((await messages(id)).map(({ moment }) => moment)).toEqual(['opened', 'ended']);
  });

  it('is told when it matches, be it later than it began, and not while it does not', async () => {
    const id = await makeRule({ min_score: 0.8 });
    const event = report({ score: 0.5 });
    await send(event);
    expect(await messages(id)).toEqual([]);
    await send({ ...event, score: 0.85 });
    await send(report({ score: 0.7 }));
    await until(() => calls.length === 1);
    expect(await messages(id)).toHaveLength(1);
  });

  it.each([
    ['another label', { labels: ['car'] }],
    ['another type', { event_types: ['alarm'] }],
    ['another camera', { camera_ids: ['hall'] }],
    ['another time', { schedule: { timezone: 'UTC', times: [{ days: [2], from: '00:00', to: '24:00' }] } }],
    ['nothing while it is off', { enabled: false }],
  ])('is not told by a rule of %s', async (_name, fields) => {
    const id = await makeRule(fields, nvr.token);
    await send(report());
    expect(await messages(id)).toEqual([]);
  });

  it('is not told during the cooldown of its camera, nor is its end', async () => {
    const id = await makeRule({ cooldown_seconds: 600, tells_end: true }, nvr.token);
    await send(report());
    await send(report({ ended_at_unix_ms: Date.UTC(2026, 0, 5, 13) }));
    await send(report({ camera_id: hall }));
    expect((await messages(id)).map(({ cameraId, moment }) => [cameraId, moment])).toEqual([
      [yard, 'opened'],
      [hall, 'opened'],
    ]);
  });

  it('is sent again after a failure, and when somebody asks', async () => {
    status = 500;
    const id = await makeRule();
    await send(report());
    await until(async () => (await messages(id))[0]?.attempt === 1);
    const [message] = await messages(id);
    status = 200;
    expect((await call('POST', `/${id}/deliveries/${message?.id}/redeliver`)).status).toBe(202);
    await settled(id);
    const { body } = await call('GET', `/${id}/deliveries/${message?.id}`);
    expect(body).toMatchObject({
      state: 'delivered',
      moment: 'opened',
      attempts: [
        { attempt: 1, status: 500, manual: false },
        { attempt: 2, status: 200, manual: true },
      ],
    });
    expect(told().map((one) => one.id)).toEqual([message?.id, message?.id]);
  });
});

describe('rights on cameras', () => {
  it('hold for rules: another’s camera is never told of, whatever the rule says', async () => {
    const own = await makeRule();
    const admins = await makeRule({}, nvr.token);
    await send(report({ camera_id: hall }));
    expect([(await messages(own)).length, (await messages(admins)).length]).toEqual([0, 1]);
    expect((await call('POST', '', { body: { name: 'x', url, camera_ids: ['hall'] } })).status).toBe(404);
  });

  it('that were taken away between event and message keep it from being sent', async () => {
    status = 500;
    const id = await makeRule();
    await nvr.database.cameraGrant.create({ data: { userId: operatorId, cameraId: hall } });
    await send(report({ camera_id: hall }));
    await until(async () => (await messages(id))[0]?.attempt === 1);
    await nvr.database.cameraGrant.deleteMany();
    await nvr.database.ruleMessage.updateMany({ data: { runAfter: new Date(0) } });
    await settled(id);
    expect(calls).toHaveLength(1);
    expect(await messages(id)).toMatchObject([{ state: 'cancelled', lastError: expect.stringContaining('may not see') }]);
  });

  it('end with the role and with the user', async () => {
    const id = await makeRule();
    await nvr.database.user.update({ where: { id: operatorId }, data: { isActive: false } });
    await send(report());
    await nvr.database.user.update({ where: { id: operatorId }, data: { isActive: true, roleId: await emptyRole() } });
    await send(report());
    await nvr.database.user.update({ where: { id: operatorId }, data: { roleId: operatorRoleId } });
    expect(await messages(id)).toEqual([]);
  });
});

describe('what waits to be sent again', () => {
  async function failed(): Promise<{ id: number; messageId: string }> {
    status = 500;
    const id = await makeRule();
    await send(report());
    await until(async () => (await messages(id))[0]?.attempt === 1);
    status = 200;
    return { id, messageId: (await messages(id))[0]!.id };
  }
  const sendNow = () => nvr.database.ruleMessage.updateMany({ data: { runAfter: new Date(0) } });

  it('is not sent after its rule was switched off, but when somebody asks for it', async () => {
    const { id, messageId } = await failed();
    expect((await call('PUT', `/${id}`, { body: { name: 'people', url, enabled: false } })).status).toBe(200);
    await sendNow();
    await settled(id);
    expect([calls.length, await messages(id)]).toMatchObject([1, [{ state: 'cancelled', lastError: 'the rule is switched off' }]]);
    expect((await call('POST', `/${id}/deliveries/${messageId}/redeliver`)).status).toBe(202);
    await until(async () => (await messages(id))[0]?.state === 'delivered');
    expect(calls).toHaveLength(2);
  });

  it('is not sent after its owner’s role may not read events any more, whoever asks', async () => {
    const { id, messageId } = await failed();
    await nvr.database.user.update({ where: { id: operatorId }, data: { roleId: await emptyRole() } });
    await sendNow();
    await settled(id);
    expect((await call('POST', `/${id}/deliveries/${messageId}/redeliver`, { token: nvr.token })).status).toBe(202);
    await until(async () => (await messages(id))[0]?.redeliverAt === null);
    await nvr.database.user.update({ where: { id: operatorId }, data: { roleId: operatorRoleId } });
    expect(calls).toHaveLength(1);
    expect(await messages(id)).toMatchObject([{ state: 'cancelled', lastError: expect.stringContaining('may not read events') }]);
  });
});

let roles = 0;
async function emptyRole(): Promise<number> {
  return (await nvr.database.role.create({ data: { name: `nothing ${++roles}`, permissions: [] } })).id;
}

describe('a rule', () => {
  it('is made, read, changed and removed; its secret is never shown', async () => {
    const id = await makeRule({ secret, cooldown_seconds: 5 });
    const row = await nvr.database.eventRule.findUniqueOrThrow({ where: { id } });
    expect(Buffer.from(row.sealedSecret!).toString('latin1')).not.toContain(secret);
    const read = await call('GET', `/${id}`);
    expect(read.body).toMatchObject({ id, has_secret: true, url, cooldown_seconds: 5, camera_ids: [], enabled: true });
    expect(read.text).not.toContain(secret);
    const changed = await call('PUT', `/${id}`, { body: { name: 'others', url, enabled: false } });
    expect(changed.body).toMatchObject({ name: 'others', enabled: false, has_secret: true, cooldown_seconds: 0 });
    const moved = await call('PUT', `/${id}`, { body: { name: 'others', url: 'http://127.0.0.1:8089/' } });
    expect(moved.body).toMatchObject({ has_secret: false });
    expect((await call('DELETE', `/${id}`)).status).toBe(204);
    expect((await call('GET', `/${id}`)).status).toBe(404);
    const actions = await nvr.database.auditEntry.findMany({ where: { entityType: 'event_rule' }, orderBy: { id: 'desc' }, take: 4 });
    expect(actions.map(({ action }) => action).reverse()).toEqual(['rule.created', 'rule.changed', 'rule.changed', 'rule.deleted']);
  });

  it('may be sent back as it is shown, and stays as it is, also when a camera of it is gone', async () => {
    const { id: cameraId } = await nvr.database.camera.create({
      data: { framesName: 'gone', name: 'gone', rtspUrl: 'rtsp://10.0.0.1/x', ownerId: operatorId },
    });
    const schedule = { timezone: 'Europe/Berlin', times: [{ days: [1, 5], from: '08:00', to: '17:30' }] };
    const id = await makeRule({ secret, camera_ids: [cameraId], labels: ['person'], event_types: ['track'], min_score: 0.5, schedule });
    await nvr.database.camera.update({ where: { id: cameraId }, data: { deletedAt: new Date() } });
    const { body: shown } = await call('GET', `/${id}`);
    const changed = await call('PUT', `/${id}`, { body: shown });
    expect([changed.status, changed.body]).toEqual([200, { ...shown, updated_at: expect.any(String) }]);
    const renamed = { ...shown, name: 'renamed', id: 99, owner_id: 99, created_at: 'now' };
    expect((await call('PUT', `/${id}`, { body: renamed })).body).toMatchObject({
      ...shown,
      name: 'renamed',
      updated_at: expect.any(String),
    });
    expect((await call('PUT', `/${id}`, { body: { ...shown, more: 1 } })).status).toBe(422);
    expect((await call('PUT', `/${id}`, { body: { ...shown, camera_ids: [cameraId, 999] } })).status).toBe(404);
    await call('DELETE', `/${id}`);
  });

  it('of somebody else is not there, but for admins', async () => {
    const [own, admins] = [await makeRule(), await makeRule({}, nvr.token)];
    for (const [method, path] of [
      ['GET', ''],
      ['PUT', ''],
      ['DELETE', ''],
      ['GET', '/deliveries'],
      ['GET', '/deliveries/msg_1'],
    ] as const)
      // prettier-ignore
      expect((await call(method, `/${admins}${path}`, method === 'PUT' ? { body: { name: 'x', url } } : {})).status).toBe(404);
    expect((await call('GET', '')).body.rules).toMatchObject([{ id: own }]);
    expect((await call('GET', '', { token: nvr.token })).body.rules).toMatchObject([{ id: own }, { id: admins }]);
  });

  it.each([
    ['no URL', { url: 'hooks.example.org' }],
    ['a URL with a password', { url: 'https://user:hunter2@hooks.example.org/' }],
    ['a private address', { url: 'http://10.0.0.1/' }],
    ['the metadata of a cloud', { url: 'http://169.254.169.254/latest' }],
    ['one of our own ports', { url: 'http://127.0.0.1:9100/' }],
    ['a file', { url: 'file:///etc/passwd' }],
    ['a time zone that is none', { schedule: { timezone: 'Mars', times: [] } }],
    ['a time that is none', { schedule: { timezone: 'UTC', times: [{ days: [1], from: '25:00', to: '26:00' }] } }],
    ['a score beyond one', { min_score: 1.1 }],
    ['a secret with NUL', { secret: 'a\0' }],
    ['an unknown field', { more: 1 }],
    ['an empty name', { name: ' ' }],
  ])('with %s is 422', async (_name, fields) => {
    const answer = await call('POST', '', { body: { name: 'x', url, ...fields } });
    expect(answer.status).toBe(422);
    expect(answer.text).not.toContain('hunter2');
  });

  it.each(['0', 'x', '99999999999', '__proto__'])('%s is not there', async (id) => {
    expect((await call('GET', `/${id}`)).status).toBe(404);
  });

  it('hides what it told of a camera from an owner who may not see that camera any more', async () => {
    const grant = { userId: operatorId, cameraId: hall };
    await nvr.database.cameraGrant.create({ data: grant });
    const id = await makeRule();
    await send(report());
    await send(report({ camera_id: hall }));
    await settled(id);
    const [ofYard, ofHall] = await Promise.all([yard, hall].map((cameraId) => nvr.database.ruleMessage.findFirst({ where: { cameraId } })));
    const listed = async (token?: string) =>
      ((await call('GET', `/${id}/deliveries`, { ...(token !== undefined && { token }) })).body.deliveries as { id: string }[])
        .map((one) => one.id)
        .sort();
    const both = [ofYard!.id, ofHall!.id].sort();
    expect(await listed()).toEqual(both);
    await nvr.database.cameraGrant.deleteMany({ where: grant });
    expect(await listed()).toEqual([ofYard!.id]);
    expect(await listed(nvr.token)).toEqual(both);
    expect((await call('GET', `/${id}/deliveries/${ofHall!.id}`)).status).toBe(404);
    expect((await call('POST', `/${id}/deliveries/${ofHall!.id}/redeliver`)).status).toBe(404);
    expect((await call('GET', `/${id}/deliveries/${ofYard!.id}`)).status).toBe(200);
  });

  it('lists its messages page by page and by state', async () => {
    const id = await makeRule();
    for (let count = 0; count < 3; count++) await send(report());
    await settled(id);
    const ids: string[] = [];
    for (let next: unknown = ''; next !== null;) {
      const { body } = await call('GET', `/${id}/deliveries?limit=2${next === '' ? '' : `&before=${String(next)}`}`);
      ids.push(...(body.deliveries as { id: string }[]).map((one) => one.id));
      next = body.next_before;
    }
    expect(new Set(ids).size).toBe(3);
    expect((await call('GET', `/${id}/deliveries?state=pending`)).body.deliveries).toEqual([]);
    expect((await call('GET', `/${id}/deliveries?state=lost`)).status).toBe(422);
  });
});
