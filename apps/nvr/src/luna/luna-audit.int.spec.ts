import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { offerAnalytics } from '@nightjar/contracts';
import { account, reference, startTestManager, type TestManager } from './luna-manager.fixture.js';

let manager: TestManager;
beforeAll(async () => {
  manager = await startTestManager();
});
afterAll(() => manager.nvr.stop());

/** Entries of the audit log about streams, groups and agents that the work left, oldest first. */
async function loggedBy(work: () => Promise<unknown>) {
  const { auditEntry } = manager.nvr.database;
  const { _max } = await auditEntry.aggregate({ _max: { id: true } });
  await work();
  const written = await auditEntry.findMany({
    where: { id: { gt: _max.id ?? 0n }, entityType: { in: ['stream', 'group', 'agent'] } },
    orderBy: { id: 'asc' },
  });
  return written.map(({ action, actorName, details, entityId, entityType }) => ({ action, actorName, details, entityId, entityType }));
}
const analytics = [{ analytic_name: 'people_count' }];

describe('the audit log of the manager', () => {
  it('has who switched the analysis of a camera, and how, when anything changed', async () => {
    const stream = { actorName: 'admin', entityType: 'stream', entityId: manager.cameraUuid };
    const about = { name: 'yard', camera_id: manager.cameraId };
    const logged = await loggedBy(async () => {
      for (const action of ['stop', 'stop', 'resume']) await manager.send('PATCH', `/streams/${manager.cameraUuid}?action=${action}`, {});
      await manager.send('PUT', `/streams/${manager.cameraUuid}`, { analytics });
    });
    expect(logged).toEqual([
      { ...stream, action: 'stream.switched', details: { ...about, action: 'stop' } },
      { ...stream, action: 'stream.switched', details: { ...about, action: 'resume' } },
      { ...stream, action: 'stream.changed', details: { ...about, version: 2, fields: ['analytics'], analytics: ['people_count'] } },
    ]);
  });

  it('has what was made, changed and removed of a stream, and no address or password of it or of its callbacks', async () => {
    const callback = {
      type: 'http',
      url: 'https://hooks.example.org/t0k3n',
      authorization: { type: 'basic', login: 'a', password: 's3cret' },
    };
    const withCallback = [{ analytic_name: 'people_count', parameters: { callbacks: [callback] } }];
    const key = await manager.asKey('all');
    let id = '';
    const logged = await loggedBy(async () => {
      const data = { reference };
      id = (await manager.send('POST', '/streams', { name: 'gate', data, analytics: withCallback }, key)).body.stream_id;
      const shown = (await manager.send('GET', `/streams/${id}`, undefined, key)).body;
      await manager.send('PUT', `/streams/${id}`, shown, key);
      const other = { type: 'udp', reference: 'rtsp://watch:an0ther@10.0.0.10/live' };
      await manager.send('PUT', `/streams/${id}`, { ...shown, name: 'door', analytics, data: other, status: 'stop' }, key);
      await manager.send('DELETE', `/streams/logs?stream_id=${id}`, undefined, key);
      // There are none left.
      await manager.send('DELETE', `/streams/logs?stream_id=${id}`, undefined, key);
      await manager.send('DELETE', `/streams/${id}`, undefined, key);
    });
    const stream = { actorName: expect.stringMatching(/^key /), entityType: 'stream', entityId: id };
    expect(logged).toEqual([
      { ...stream, action: 'stream.created', details: { name: 'gate', type: 'tcp', analytics: ['people_count'] } },
      { ...stream, action: 'stream.changed', details: { name: 'gate', version: 2, fields: [], analytics: ['people_count'] } },
      {
        ...stream,
        action: 'stream.changed',
        details: { name: 'gate', version: 3, fields: ['name', 'analytics', 'data', 'reference', 'status'], analytics: ['people_count'] },
      },
      { ...stream, action: 'stream.logs_removed', details: { entries: 3 } },
      { ...stream, action: 'stream.removed', details: { name: 'door' } },
    ]);
    for (const secret of ['t0k3n', 's3cret', 'an0ther', 'rtsp', 'hooks']) expect(JSON.stringify(logged)).not.toContain(secret);
  });

  it('says which logs were removed when none is named', async () => {
    await manager.createStream();
    const logged = await loggedBy(() => manager.send('DELETE', '/streams/logs?time__gte=2026-01-01T00:00:00Z'));
    const details = { entries: expect.any(Number), time__gte: '2026-01-01T00:00:00.000Z' };
    expect(logged).toEqual([{ actorName: 'admin', action: 'stream.logs_removed', entityType: 'stream', entityId: null, details }]);
  });

  it('has groups, and what came into them and left them', async () => {
    const id = await manager.createStream();
    let group_id = '';
    const link = (action: string) => manager.send('PATCH', '/groups/linker', { group_id, stream_ids: [id], action });
    const logged = await loggedBy(async () => {
      ({ group_id } = (await manager.send('POST', '/groups', { group_name: 'north' })).body);
      await manager.send('POST', '/groups', { group_name: 'north' });
      // The second time it is there already.
      for (const action of ['link', 'link', 'unlink', 'unlink']) await link(action);
      await manager.send('DELETE', `/groups/${group_id}`);
    });
    const group = { actorName: 'admin', entityType: 'group', entityId: group_id };
    expect(logged).toEqual([
      { ...group, action: 'group.created', details: { name: 'north' } },
      { ...group, action: 'group.changed', details: { name: 'north', linked: [id] } },
      { ...group, action: 'group.changed', details: { name: 'north', unlinked: [id] } },
      { ...group, action: 'group.removed', details: { name: 'north' } },
    ]);
  });

  it('has agents of others that come and go, and nothing of what they tell meanwhile, nor of ours', async () => {
    const agent = { name: 'theirs', host: '10.0.0.5', port: 5240, analytics: ['people_count'], max_stream_count: 4 };
    const trusted = async (method: string, route: string, body: object | undefined = undefined) => {
      const headers = { 'luna-account-id': account, ...(body && { 'content-type': 'application/json' }) };
      const answer = await fetch(`${manager.nvr.url}/1${route}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      return (await answer.json().catch(() => ({}))) as Record<string, string>;
    };
    let agent_id = '';
    const logged = await loggedBy(async () => {
      ({ agent_id = '' } = await trusted('POST', '/agents', agent));
      await trusted('POST', `/agents/${agent_id}/streams`, {});
      await trusted('POST', `/agents/${agent_id}/feedback`, { feedback: [] });
      await trusted('DELETE', `/agents/${agent_id}`);
      await trusted('DELETE', `/agents/${randomUUID()}`);
      await manager.nvr.bus.request(offerAnalytics, { agent_id: 'ours', analytics: [] }, { timeoutMs: 60_000 });
      await manager.claim('ours');
    });
    const entry = { actorName: `luna agent of ${account}`, entityType: 'agent', entityId: agent_id };
    expect(logged).toEqual([
      { ...entry, action: 'agent.registered', details: { name: 'theirs', host: '10.0.0.5', port: 5240, analytics: ['people_count'] } },
      { ...entry, action: 'agent.removed', details: { name: 'theirs' } },
    ]);
  });

  it('is whole, whoever changes how much at the same moment', async () => {
    const ids = await Promise.all(Array.from({ length: 4 }, () => manager.createStream()));
    const { body } = await manager.send('POST', '/groups', { group_name: 'busy' });
    const turnAtCamera = (analytics_enabled: boolean) =>
      manager.nvr.fetch(`/api/v1/cameras/${manager.cameraId}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ analytics_enabled }),
      });
    const answers = await Promise.all([
      ...ids.flatMap((id) => ['stop', 'resume'].map((action) => manager.send('PATCH', `/streams/${id}?action=${action}`, {}))),
      ...['stop', 'resume'].map((action) => manager.send('PATCH', `/streams/${manager.cameraUuid}?action=${action}`, {})),
      ...ids.map((id) => manager.send('PUT', `/streams/${id}`, { analytics })),
      manager.send('PUT', `/streams/${manager.cameraUuid}`, { analytics }),
      manager.send('PATCH', '/groups/linker', { group_id: body.group_id, stream_ids: [...ids, manager.cameraUuid], action: 'link' }),
      manager.send('DELETE', '/streams/logs'),
      turnAtCamera(false),
      turnAtCamera(true),
    ]);
    expect(answers.map(({ status }) => status).filter((status) => status >= 400)).toEqual([]);
  });
});
