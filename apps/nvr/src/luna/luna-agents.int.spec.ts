import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { logIn } from '../test-nvr.fixture.js';
import { account, reference, startTestManager, type Body, type TestManager } from './luna-manager.fixture.js';
import { lockClaims } from './luna-streams.store.js';

let nvr: TestManager['nvr'];
let send: TestManager['send'];
let createStream: TestManager['createStream'];
let statusOf: TestManager['statusOf'];
let claim: TestManager['claim'];

beforeAll(async () => {
  ({ nvr, send, createStream, statusOf, claim } = await startTestManager());
});
afterAll(() => nvr.stop());

describe('an agent of somebody else', () => {
  const foreign = { name: 'theirs', port: 5240, analytics: ['smoke'], max_stream_count: 1 };
  /** Without a credential: its network is trusted. */
  const speak = async (method: string, route: string, body?: unknown) => {
    const answer = await fetch(`${nvr.url}/1${route}`, {
      method,
      headers: { 'luna-account-id': account, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json().catch(() => undefined)) as Body };
  };

  it('brings its analytics, gets streams that only it can do, each once, and hears when to stop', async () => {
    expect((await speak('POST', '/analytics', { analytic_name: 'smoke', version: '1.1' })).status).toBe(201);
    expect(await speak('POST', '/analytics', { analytic_name: 'smoke' })).toMatchObject({ status: 409, body: { error_code: 44009 } });
    const registered = await speak('POST', '/agents', foreign);
    expect(registered).toMatchObject({ status: 201, body: { refresh_period: 2, alive_period: 60 } });
    const agentRoute = `/agents/${registered.body.agent_id}`;
    const first = await createStream({ analytics: [{ analytic_name: 'smoke' }] });
    const second = await createStream({ analytics: [{ analytic_name: 'smoke' }] });
    expect((await claim('ours')).map(({ stream_id }) => stream_id)).not.toContain(first);
    const fetched = (await speak('POST', `${agentRoute}/streams`, {})).body.streams as { stream_id: string; data: object }[];
    expect(fetched).toMatchObject([{ stream_id: first, version: 1, data: { type: 'tcp', reference } }]);
    expect((await speak('POST', `${agentRoute}/streams`, {})).body.streams).toEqual([]);
    const tell = async (stream_id: string, version: number, status = 'in_progress') =>
      (await speak('POST', `${agentRoute}/feedback`, { feedback: [{ stream_id, version, status, error: null }] })).body.streams;
    expect(await tell(first, 1)).toEqual([{ stream_id: first, action: 'continue' }]);
    expect(await tell(second, 1)).toEqual([{ stream_id: second, action: 'stop' }]);
    expect((await send('GET', `/streams/${first}/agent`)).body).toMatchObject({ name: 'theirs', status: 'ready' });
    await send('PATCH', `/streams/${first}?action=stop`, {});
    expect(await tell(first, 1)).toEqual([{ stream_id: first, action: 'stop' }]);
    expect((await speak('POST', `${agentRoute}/streams`, {})).body.streams).toMatchObject([{ stream_id: second }]);
    // As if it had not been heard of for longer than its lease.
    await nvr.database.lunaStream.update({ where: { id: second }, data: { heldUntil: new Date(0) } });
    await until(async () => (await statusOf(second)) === 'pending');
    expect((await speak('POST', `${agentRoute}/streams`, {})).body.streams).toMatchObject([{ stream_id: second }]);
    expect((await speak('DELETE', agentRoute)).status).toBe(204);
    expect(await statusOf(second)).toBe('pending');
  });

  it('is a program with a key, or an admin, and never somebody who may only manage streams', async () => {
    const post = async (route: string, body: object) => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      return (await (await nvr.fetch(`/api/v1${route}`, init)).json()) as { id: number; key: string };
    };
    const role = await post('/roles', { name: 'installer', permissions: ['cameras.view', 'cameras.manage'] });
    const credentials = { username: 'ines', password: 'correct horse battery' };
    await post('/users', { ...credentials, role_id: role.id });
    const user = { authorization: `Bearer ${await logIn(nvr.url, credentials)}` };
    const { key } = await post('/api-keys', { name: 'agent', scopes: ['streams:manage'], camera_ids: 'all' });
    const waiting = await createStream();
    const capable = { ...foreign, analytics: ['people_count'] };
    const registered = await send('POST', '/agents', capable);
    expect(registered.status).toBe(201);
    const agentRoute = `/agents/${registered.body.agent_id}`;
    for (const [method, route, body] of [
      ['POST', '/agents', capable],
      ['POST', `${agentRoute}/streams`, {}],
      ['POST', `${agentRoute}/feedback`, { feedback: [{ stream_id: waiting, version: 1, status: 'done', error: null }] }],
      ['DELETE', agentRoute, undefined],
    ] as const)
      expect([method, route, (await send(method, route, body, user)).status]).toEqual([method, route, 403]);
    expect((await send('GET', '/agents', undefined, user)).status).toBe(200);
    expect((await send('GET', `/streams/${waiting}`, undefined, user)).body.data).toEqual({
      type: 'tcp',
      reference: 'rtsp://watch:****@10.0.0.9:554/live',
    });
    const asKey = { authorization: `Bearer ${key}` };
    const { agent_id } = (await send('POST', '/agents', capable, asKey)).body;
    const fetched = (await send('POST', `/agents/${agent_id}/streams`, {}, asKey)).body.streams;
    expect(fetched).toMatchObject([{ stream_id: waiting, data: { reference } }]);
    expect((await send('DELETE', `/agents/${agent_id}`, undefined, asKey)).status).toBe(204);
  });

  it('cannot hang or end the API with the schema of its analytics', async () => {
    const offer = (analytic_name: string, validation_schema: object) => speak('POST', '/analytics', { analytic_name, validation_schema });
    const ask = async (analytic_name: string, parameters: object) =>
      (await send('POST', '/streams', { data: { reference }, analytics: [{ analytic_name, parameters }] })).body;
    expect((await offer('endless', { properties: { a: { pattern: '^(a+)+$' } } })).status).toBe(201);
    expect(await ask('endless', { a: `${'a'.repeat(64)}!` })).toMatchObject({
      error_code: 44010,
      detail: 'parameters of endless: its validation_schema takes too long',
    });
    expect((await ask('endless', { a: 'aaa' })).stream_id).toBeDefined();
    expect((await offer('circle', { allOf: [{ $ref: '#' }] })).status).toBe(201);
    expect((await ask('circle', {})).error_code).toBe(44010);
    // Many references to one large part: were each replaced by it, that would be sixty thousand checks.
    const large = { anyOf: Array.from({ length: 250 }, (_, index) => ({ const: index })) };
    const grown = { $defs: { large }, allOf: Array.from({ length: 250 }, () => ({ not: { $ref: '#/$defs/large' } })) };
    expect((await offer('grown', grown)).status).toBe(201);
    const isAsync = { $async: true, required: ['a'] };
    for (const schema of [isAsync, { properties: { a: isAsync } }, { description: 'a'.repeat(40_000) }, { pattern: '(' }])
      expect(await offer('refused', schema)).toMatchObject({ status: 400, body: { error_code: 44010 } });
  });

  it('takes nothing up again by leaving: what was stopped meanwhile stays stopped, and the rest waits for another', async () => {
    const { agent_id } = (await speak('POST', '/agents', { ...foreign, max_stream_count: 4 })).body;
    const [stopped, working] = [
      await createStream({ analytics: [{ analytic_name: 'smoke' }] }),
      await createStream({ analytics: [{ analytic_name: 'smoke' }] }),
    ];
    await speak('POST', `/agents/${agent_id}/streams`, {});
    await send('PATCH', `/streams/${stopped}?action=stop`, {});
    expect((await speak('DELETE', `/agents/${agent_id}`)).status).toBe(204);
    expect([await statusOf(stopped), await statusOf(working)]).toEqual(['stop', 'pending']);
    expect((await send('GET', `/streams/logs?stream_id=${working}&targets=status,error`)).body.logs).toEqual([
      { status: 'pending', error: null },
      { status: 'restart', error: 'its agent has left' },
      { status: 'in_progress', error: null },
      { status: 'pending', error: null },
    ]);
    expect((await send('GET', `/streams/logs?stream_id=${stopped}&targets=status`)).body.logs).toEqual([
      { status: 'stop' },
      { status: 'in_progress' },
      { status: 'pending' },
    ]);
  });

  it('has each of its starts in the log of the stream, once, however often it tells of it', async () => {
    await speak('POST', '/analytics', { analytic_name: 'frost' });
    const { agent_id } = (await speak('POST', '/agents', { ...foreign, analytics: ['frost'] })).body;
    const id = await createStream({ analytics: [{ analytic_name: 'frost' }] });
    expect((await speak('POST', `/agents/${agent_id}/streams`, {})).body.streams).toMatchObject([{ stream_id: id }]);
    const tell = (status: string, error: string | null = null) =>
      speak('POST', `/agents/${agent_id}/feedback`, { feedback: [{ stream_id: id, version: 1, status, error }] });
    const log = async () => (await send('GET', `/streams/logs?stream_id=${id}&targets=status,version,error`)).body.logs;
    await tell('in_progress');
    await tell('in_progress');
    const started = [
      { status: 'in_progress', version: 1, error: null },
      { status: 'pending', version: 1, error: null },
    ];
    expect(await log()).toEqual(started);
    await tell('done');
    expect(await log()).toEqual([{ status: 'done', version: 1, error: null }, ...started]);
    await send('PATCH', `/streams/${id}?action=resume`, {});
    await speak('POST', `/agents/${agent_id}/streams`, {});
    await tell('in_progress');
    expect(await log()).toEqual([...started, { status: 'done', version: 1, error: null }, ...started]);
    await speak('DELETE', `/agents/${agent_id}`);
    await send('DELETE', `/streams/${id}`);
  });

  it('gets no stream that somebody else was just given, and never more than it has room for', async () => {
    await speak('POST', '/analytics', { analytic_name: 'fire' });
    const { agent_id } = (await speak('POST', '/agents', { ...foreign, analytics: ['fire'] })).body;
    const ids: string[] = [];
    for (let made = 0; made < 3; made++) ids.push(await createStream({ analytics: [{ analytic_name: 'fire' }] }));
    const asking = await nvr.database.$transaction(
      async (transaction) => {
        await lockClaims(transaction);
        let answered = 0;
        const requests = [1, 2].map(() => speak('POST', `/agents/${agent_id}/streams`, {}).finally(() => answered++));
        await until(async () => {
          const [{ waiting } = { waiting: 0n }] = await nvr.database.$queryRaw<{ waiting: bigint }[]>`
            SELECT count(*) AS waiting FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
          return answered > 0 || waiting === 2n;
        });
        expect(answered).toBe(0);
        const held = { heldBy: 'ours', heldUntil: new Date(Date.now() + 60_000) };
        await transaction.lunaStream.update({ where: { id: ids[0]! }, data: held });
        return requests;
      },
      { timeout: 120_000 },
    );
    const handedOut = (await Promise.all(asking)).flatMap(({ body }) => body.streams as { stream_id: string }[]);
    expect(handedOut.map(({ stream_id }) => stream_id)).toEqual([ids[1]]);
  });

  it('may say anything of one stream without what it says of the others being lost', async () => {
    const { agent_id } = (await speak('POST', '/agents', { ...foreign, max_stream_count: 4 })).body;
    const [first, second] = [
      await createStream({ analytics: [{ analytic_name: 'smoke' }] }),
      await createStream({ analytics: [{ analytic_name: 'smoke' }] }),
    ];
    await speak('POST', `/agents/${agent_id}/streams`, {});
    const error = `a\0b\r\n${'x'.repeat(494)}😀`;
    const feedback = [first, second].map((stream_id) => ({ stream_id, version: 1, status: 'in_progress', error }));
    expect((await speak('POST', `/agents/${agent_id}/feedback`, { feedback })).body.streams).toEqual([
      { stream_id: first, action: 'continue' },
      { stream_id: second, action: 'continue' },
    ]);
    expect((await send('GET', `/streams/${second}`)).body.last_error).toBe(`a b ${'x'.repeat(494)}`);
    await speak('DELETE', `/agents/${agent_id}`);
  });

  it('reaches nothing else by its network alone', async () => {
    for (const route of ['/streams', '/groups', '/streams/logs']) expect([route, (await speak('GET', route)).status]).toEqual([route, 401]);
    expect((await fetch(`${nvr.url}/api/v1/cameras`, { headers: { 'luna-account-id': account } })).status).toBe(401);
  });
});
