import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkListeners, type StreamListener } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { SocketReader } from '../socket-reader.fixture.js';
import { reference, startTestManager, type TestManager } from './luna-manager.fixture.js';

let manager: TestManager;
/** Sees the camera and may not change it. */
let keyOfCamera: Record<string, string>;
/** Sees another one. */
let keyOfOther: Record<string, string>;
beforeAll(async () => {
  manager = await startTestManager();
  keyOfCamera = await manager.asKey([manager.cameraId], ['cameras:read', 'recordings:read', 'events:read', 'streams:manage']);
  const other = await manager.nvr.database.camera.create({
    data: { framesName: 'street', name: 'street', rtspUrl: 'rtsp://10.0.0.1/street' },
  });
  keyOfOther = await manager.asKey([other.id]);
});
afterAll(() => manager.nvr.stop());

const logsOf = async (id: string) => (await manager.send('GET', `/streams/logs?stream_id=${id}`)).body.logs as object[];
const idsOf = async (headers: Record<string, string>) => {
  const { streams } = (await manager.send('GET', '/streams?page_size=1000', undefined, headers)).body;
  return (streams as { stream_id: string }[]).map(({ stream_id }) => stream_id);
};

describe('a camera’s stream, to who sees the camera and may not change it', () => {
  it('keeps its log', async () => {
    const id = manager.cameraUuid;
    await manager.send('PATCH', `/streams/${id}?action=stop`, {});
    await manager.send('PATCH', `/streams/${id}?action=resume`, {});
    const before = await logsOf(id);
    expect(before.length).toBeGreaterThanOrEqual(2);
    expect(await manager.send('DELETE', `/streams/logs?stream_id=${id}`, undefined, keyOfCamera)).toMatchObject({ status: 403 });
    // Of all that it may change: which is nothing of a camera.
    for (const headers of [keyOfCamera, await manager.asKey('all')])
      expect((await manager.send('DELETE', '/streams/logs', undefined, headers)).status).toBe(204);
    expect(await logsOf(id)).toEqual(before);
    const stranger = await manager.asUser('erik', ['cameras.view', 'cameras.manage']);
    expect((await manager.send('DELETE', `/streams/logs?stream_id=${id}`, undefined, stranger)).status).toBe(404);
    expect((await manager.send('DELETE', '/streams/logs', undefined, stranger)).status).toBe(204);
    expect(await logsOf(id)).toEqual(before);
    const installer = await manager.asUser('ines', ['cameras.view', 'cameras.manage'], [manager.cameraId]);
    expect((await manager.send('DELETE', `/streams/logs?stream_id=${id}`, undefined, installer)).status).toBe(204);
    expect(await logsOf(id)).toEqual([]);
  });

  it('goes into no group and out of none, also not with the group', async () => {
    const { group_id } = (await manager.send('POST', '/groups', { group_name: 'doors' })).body;
    const link = (action: string, headers: Record<string, string> = {}) =>
      manager.send('PATCH', '/groups/linker', { group_id, stream_ids: [manager.cameraUuid], action }, headers);
    const isLinked = async () => (await manager.send('GET', `/streams/count?group_id=${group_id}`)).body.streams_count;
    expect((await link('link', keyOfCamera)).status).toBe(403);
    expect(await isLinked()).toBe(0);
    expect((await link('link')).status).toBe(200);
    expect((await link('unlink', keyOfCamera)).status).toBe(403);
    expect((await manager.send('DELETE', `/groups/${group_id}`, undefined, keyOfCamera)).status).toBe(403);
    expect(await isLinked()).toBe(1);
    const empty = (await manager.send('POST', '/groups', { group_name: 'empty' }, keyOfCamera)).body.group_id;
    expect((await manager.send('DELETE', `/groups/${empty}`, undefined, keyOfCamera)).status).toBe(204);
    expect((await manager.send('DELETE', `/groups/${group_id}`)).status).toBe(204);
  });

  it('leaves a group with it when the camera is gone', async () => {
    const data = { framesName: 'gone', name: 'gone', rtspUrl: 'rtsp://10.0.0.1/gone' };
    const { id, uuid } = await manager.nvr.database.camera.create({ data });
    const { group_id } = (await manager.send('POST', '/groups', { group_name: 'gone' })).body;
    await manager.send('PATCH', '/groups/linker', { group_id, stream_ids: [uuid], action: 'link' });
    await manager.nvr.database.camera.update({ where: { id }, data: { deletedAt: new Date() } });
    expect((await manager.send('DELETE', `/groups/${group_id}`, undefined, keyOfCamera)).status).toBe(204);
  });
});

describe('a stream that is no camera', () => {
  let id: string;
  beforeAll(async () => {
    id = await manager.createStream({ name: 'of nobody' });
    const directory = path.join(manager.nvr.config.framesDir, `stream-${id}`);
    await mkdir(directory, { recursive: true });
    await writeFile(path.join(directory, 'latest.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xd9]));
  });
  /** What each way to it answers. */
  const answersTo = async (headers: Record<string, string>) => {
    const statusOf = async (method: string, route: string) => (await manager.send(method, route, undefined, headers)).status;
    const socket = await SocketReader.open(`${manager.nvr.url}/1/ws?stream_id=${id}`, headers);
    socket.close();
    const { logs } = (await manager.send('GET', '/streams/logs?page_size=1000', undefined, headers)).body;
    return {
      shown: await statusOf('GET', `/streams/${id}`),
      preview: await statusOf('GET', `/streams/${id}/preview`),
      agent: await statusOf('GET', `/streams/${id}/agent`),
      ticket: await statusOf('POST', `/streams/${id}/ticket`),
      listened: socket.refused?.status,
      isListed: (await idsOf(headers)).includes(id),
      isLogged: JSON.stringify(logs).includes(id),
    };
  };
  const hidden = { shown: 404, preview: 404, agent: 404, ticket: 404, listened: 404, isListed: false, isLogged: false };
  const open = { shown: 200, preview: 200, agent: 409, ticket: 200, listened: undefined, isListed: true, isLogged: true };

  it('may be at the address of any camera: it is not there for who sees some cameras only, or none', async () => {
    for (const headers of [
      keyOfCamera,
      keyOfOther,
      await manager.asUser('vera', ['cameras.view']),
      await manager.asUser('otto', ['cameras.view'], [manager.cameraId]),
    ])
      expect(await answersTo(headers)).toEqual(hidden);
  });

  it('is there for who sees all cameras, and for users who manage streams', async () => {
    for (const headers of [
      { authorization: `Bearer ${manager.nvr.token}` },
      await manager.asKey('all'),
      await manager.asUser('mara', ['cameras.manage']),
    ])
      expect(await answersTo(headers)).toEqual(open);
  });

  it('is neither changed, removed nor made by a key that names cameras', async () => {
    const change = { analytics: [{ analytic_name: 'people_count' }] };
    for (const [method, route, body] of [
      ['PUT', `/streams/${id}`, change],
      ['PATCH', `/streams/${id}?action=stop`, {}],
      ['DELETE', `/streams/${id}`, undefined],
      ['DELETE', `/streams/logs?stream_id=${id}`, undefined],
      ['PATCH', '/groups/linker', { group_name: 'nobody', stream_ids: [id], action: 'link' }],
    ] as const)
      expect([method, route, (await manager.send(method, route, body, keyOfCamera)).status]).toEqual([method, route, 404]);
    expect((await manager.send('POST', '/streams', { ...change, data: { reference } }, keyOfCamera)).status).toBe(403);
    expect((await manager.send('GET', `/streams/${id}`)).body).toMatchObject({ version: 1, status: 'pending' });
  });

  it('still goes to agents of others, whatever cameras their key names', async () => {
    const agent = { name: 'theirs', port: 5240, analytics: ['people_count'], max_stream_count: 50 };
    const { agent_id } = (await manager.send('POST', '/agents', agent, keyOfOther)).body;
    const { streams } = (await manager.send('POST', `/agents/${agent_id}/streams`, {}, keyOfOther)).body;
    expect(streams).toContainEqual(expect.objectContaining({ stream_id: id, data: { type: 'tcp', reference } }));
    expect((await manager.send('DELETE', `/agents/${agent_id}`, undefined, keyOfOther)).status).toBe(204);
  });

  it('tells nothing more to a listener whose role no longer manages streams', async () => {
    const listener = await manager.asUser('lena', ['cameras.view', 'cameras.manage']);
    const socket = await SocketReader.open(`${manager.nvr.url}/1/ws?stream_id=${id}`, listener);
    const role = await manager.nvr.database.role.findFirstOrThrow({ where: { name: 'role of lena' } });
    await manager.nvr.fetch(`/api/v1/roles/${role.id}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ permissions: ['cameras.view'] }),
    });
    await socket.until(({ closedWith }) => closedWith !== undefined);
    expect(socket.closedWith).toBe(1008);
  });
});

describe('who listens at an agent', () => {
  const mayListen = async (listener: StreamListener) => {
    const listeners = [{ stream_id: manager.cameraUuid, listener }];
    return (await manager.nvr.bus.request(checkListeners, { listeners }, { timeoutMs: 60_000 })).allowed[0];
  };
  /** What a ticket says of its holder. */
  const holderIn = async (headers: Record<string, string>) => {
    const { body } = await manager.send('POST', `/streams/${manager.cameraUuid}/ticket`, {}, headers);
    const claims = Buffer.from(String(body.ticket).split('.')[1]!, 'base64url').toString();
    return JSON.parse(claims) as { uid?: number; sid?: string; key?: string };
  };

  it('may as long as the camera is theirs to see', async () => {
    const headers = await manager.asUser('nele', ['cameras.view'], [manager.cameraId]);
    const { sid, uid } = await holderIn(headers);
    const nele = { user_id: uid!, session_id: sid! };
    expect(await mayListen(nele)).toBe(true);
    await manager.nvr.database.cameraGrant.deleteMany({ where: { userId: uid! } });
    expect(await mayListen(nele)).toBe(false);
  });

  it('may not when their session has ended, nor with a key that was revoked', async () => {
    const headers = await manager.asUser('mona', ['cameras.view'], [manager.cameraId]);
    const { sid, uid } = await holderIn(headers);
    const { key } = await holderIn(keyOfCamera);
    expect([await mayListen({ user_id: uid!, session_id: sid! }), await mayListen({ key_id: key! })]).toEqual([true, true]);
    await fetch(`${manager.nvr.url}/api/v1/auth/logout`, { method: 'POST', headers });
    await manager.nvr.fetch(`/api/v1/api-keys/${key}`, { method: 'DELETE' });
    await until(async () => !(await mayListen({ user_id: uid!, session_id: sid! })) && !(await mayListen({ key_id: key! })));
    expect(await mayListen({ user_id: 999_999, session_id: null })).toBe(false);
  });
});
