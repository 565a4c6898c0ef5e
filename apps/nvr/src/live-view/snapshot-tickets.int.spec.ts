import { createHmac, hkdfSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { liveTicketSeconds } from './live-tickets.js';

const yearSeconds = 31_536_000;
let nvr: TestNvr;
let gate: number;
let vault: number;
const snapshotOf = (cameraId: number) => `/api/v1/cameras/${cameraId}/snapshot`;

beforeAll(async () => {
  nvr = await startTestNvr();
  const camera = (name: string) => nvr.database.camera.create({ data: { framesName: name, name, rtspUrl: `rtsp://10.0.0.1/${name}` } });
  [gate, vault] = [(await camera('gate')).id, (await camera('vault')).id];
});
afterAll(() => nvr.stop());
/** A picture counts for 30 s. */
beforeEach(async () => {
  for (const name of ['gate', 'vault']) {
    await mkdir(path.join(nvr.config.framesDir, name), { recursive: true });
    await writeFile(path.join(nvr.config.framesDir, name, 'latest.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0]));
  }
});

type Headers = Record<string, string>;
async function send(method: string, pathname: string, body: unknown, headers: Headers = { authorization: `Bearer ${nvr.token}` }) {
  const init = { method, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(`${nvr.url}/api/v1${pathname}`, init);
  return { status: answer.status, body: (await answer.json().catch(() => ({}))) as Record<string, string> };
}
const askFor = (cameraId: number, body: object, headers?: Headers) => send('POST', `/cameras/${cameraId}/snapshot-url`, body, headers);
const statusOf = async (address: string) => (await fetch(`${nvr.url}${address}`)).status;

function signed(ticket: object): string {
  const key = hkdfSync('sha256', Buffer.from(nvr.config.secretKey, 'base64'), '', 'nightjar live ticket', 32);
  const payload = Buffer.from(JSON.stringify(ticket)).toString('base64url');
  return `${payload}.${createHmac('sha256', Buffer.from(key)).update(payload).digest('base64url')}`;
}

describe('the address of a picture', () => {
  it('is taken as an earlier release signed it, but 401 when that one knew less or its time is over', async () => {
    const expiresUnixMs = systemClock.wallMs() + 60_000;
    const { id: userId, tokenVersion } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
    const ticket = { opens: 'snapshot', cameraId: gate, userId, tokenVersion, expiresUnixMs };
    const { tokenVersion: _lacks, ...older } = ticket;
    const statusWith = (given: object) => statusOf(`${snapshotOf(gate)}?ticket=${signed(given)}`);
    expect([
      await statusWith(ticket),
      await statusWith(older),
      await statusWith({}),
      await statusWith({ ...ticket, expiresUnixMs: systemClock.wallMs() }),
    ]).toEqual([200, 401, 401, 401]);
  });

  it('lasts as long as was asked for, a year at most', async () => {
    const secondsOf = async (body: object) => {
      const answer = await askFor(gate, body);
      return answer.status === 200 ? answer.body.expires_in_seconds : answer.status;
    };
    expect([
      await secondsOf({}),
      await secondsOf({ expires_in_seconds: 60 }),
      await secondsOf({ expires_in_seconds: yearSeconds }),
      await secondsOf({ expires_in_seconds: 59 }),
      await secondsOf({ expires_in_seconds: yearSeconds + 1 }),
      await secondsOf({ expires_in_seconds: '60' }),
    ]).toEqual([liveTicketSeconds, 60, yearSeconds, 422, 422, 422]);
  });
});

describe('an address that lasts', () => {
  it('of an API key is for the cameras of the key, and ends when the key is revoked', async () => {
    const made = await send('POST', '/api-keys', { name: 'app', scopes: ['cameras:read'], camera_ids: [gate] });
    const { id, key = '' } = made.body;
    const { body, status } = await askFor(gate, { expires_in_seconds: yearSeconds }, { 'x-api-key': key });
    const { url = '' } = body;
    expect([made.status, status, await statusOf(url)]).toEqual([201, 200, 200]);
    expect((await askFor(vault, {}, { 'x-api-key': key })).status).toBe(404);
    expect([
      await statusOf(url.replace(snapshotOf(gate), snapshotOf(vault))),
      await statusOf(url.replace('/snapshot', '/live/index.m3u8')),
    ]).toEqual([401, 401]);
    await send('DELETE', `/api-keys/${id}`, {});
    expect(await statusOf(url)).toBe(401);
  });

  it('of an API key needs its scope', async () => {
    const { key = '' } = (await send('POST', '/api-keys', { name: 'app', scopes: ['events:read'], camera_ids: 'all' })).body;
    expect((await askFor(gate, {}, { 'x-api-key': key })).status).toBe(403);
  });

  it('of a user outlives the login that it was asked with, not the right to the camera, and not the password', async () => {
    const { body: user } = await send('POST', '/users', { username: 'viewer', password: adminPassword });
    const userId = Number(user.id);
    const grant = { data: { userId, cameraId: gate } };
    await nvr.database.cameraGrant.create(grant);
    const login = { authorization: `Bearer ${await logIn(nvr.url, { username: 'viewer', password: adminPassword })}` };
    const { url: short = '' } = (await askFor(gate, {}, login)).body;
    const { url: lasting = '' } = (await askFor(gate, { expires_in_seconds: liveTicketSeconds + 1 }, login)).body;
    const statuses = () => Promise.all([short, lasting].map(statusOf));
    expect(await statuses()).toEqual([200, 200]);
    await send('POST', '/auth/logout', {}, login);
    expect(await statuses()).toEqual([401, 200]);
    await nvr.database.cameraGrant.deleteMany({ where: { userId } });
    expect(await statuses()).toEqual([401, 404]);
    await nvr.database.cameraGrant.create(grant);
    await send('PUT', `/users/${userId}`, { password: `${adminPassword} another` });
    await until(async () => (await statusOf(lasting)) === 401);
  });
});
