import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { claimStreams, offerAnalytics, streamListened, streamTold, type StreamFeedback, type StreamMessage } from '@nightjar/contracts';
import { parseNetwork } from '@nightjar/outbound';
import { until } from '@nightjar/testing';
import { WebSocket, WebSocketServer } from 'ws';
import { logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { accountOfTenant } from './luna-account.js';

const account = accountOfTenant(1);
let nvr: TestNvr;
let stream: string;
const listened: string[] = [];
const clients: WebSocket[] = [];

const message = (people_count: number): StreamMessage => ({
  stream_status: 'in_progress',
  error: null,
  analytics_results: { people_count: { frame_estimations: [{ people_count }], events: [] } },
});
const send = async (method: string, route: string, body: object = {}) => {
  const init = method === 'GET' ? { method } : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  return (await (await nvr.fetch(`/1${route}`, init)).json().catch(() => ({}))) as Record<string, string>;
};
const claim = (feedback: StreamFeedback[] = []) =>
  nvr.bus.request(claimStreams, { agent_id: 'ours', slots_total: 50, feedback }, { timeoutMs: 60_000 });
const newStream = async (analytic = 'people_count') =>
  (await send('POST', '/streams', { data: { reference: 'rtsp://10.0.0.9/live' }, analytics: [{ analytic_name: analytic }] })).stream_id!;

interface Client {
  socket: WebSocket;
  messages: StreamMessage[];
  closed: Promise<number>;
}

async function listen(query: string, headers: Record<string, string> = { authorization: `Bearer ${nvr.token}` }): Promise<Client> {
  const socket = new WebSocket(`${nvr.url.replace('http', 'ws')}/1/ws?${query}`, { headers });
  clients.push(socket);
  const messages: StreamMessage[] = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as StreamMessage));
  const closed = once(socket, 'close').then(([code]) => code as number);
  await once(socket, 'open');
  return { socket, messages, closed };
}

/** Status and error code of a handshake that is refused. */
async function refusal(query: string, headers?: Record<string, string>): Promise<[number, number]> {
  const socket = new WebSocket(`${nvr.url.replace('http', 'ws')}/1/ws?${query}`, {
    headers: headers ?? { authorization: `Bearer ${nvr.token}` },
  });
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, AsyncIterable<Buffer> & { statusCode: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return [response.statusCode, (JSON.parse(Buffer.concat(chunks).toString()) as { error_code: number }).error_code];
}

beforeAll(async () => {
  nvr = await startTestNvr({ lunaTrustedNetworks: [parseNetwork('127.0.0.0/8')!] });
  const analytics = ['people_count'].map((analytic_name) => ({
    analytic_name,
    description: '',
    documentation: '',
    version: '1',
    parameters: {},
    validation_schema: {},
  }));
  await nvr.bus.request(offerAnalytics, { agent_id: 'ours', analytics }, { timeoutMs: 60_000 });
  nvr.bus.on(streamListened, ({ stream_id }) => void listened.push(stream_id));
  stream = await newStream();
  await claim();
  await claim([{ stream_id: stream, version: 1, status: 'in_progress', error: null, at_unix_ms: Date.now() }]);
  // Its agent would tell of it again and again; without that it is another's after ten seconds.
  await nvr.database.lunaStream.update({ where: { id: stream }, data: { heldUntil: new Date(Date.now() + 3_600_000) } });
});
afterEach(() => {
  for (const socket of clients.splice(0)) socket.terminate();
});
afterAll(() => nvr.stop());

describe('GET /1/ws of the manager', () => {
  it('tells what the agent of the stream tells, to everybody who listens to it and nobody else', async () => {
    const other = await newStream();
    const [first, second, elsewhere] = await Promise.all([
      listen(`stream_id=${stream}`),
      listen(`stream_id=${stream}&account_id=${account}`),
      listen(`stream_id=${other}`),
    ]);
    await until(() => listened.includes(stream));
    nvr.bus.publish(streamTold, { stream_id: stream, message: message(3) });
    await until(() => [first, second, elsewhere].every(({ messages }) => messages.length > 0));
    for (const { messages } of [first, second]) expect(messages).toEqual([message(3)]);
    // Nobody works on that one yet.
    expect(elsewhere.messages).toEqual([{ stream_status: 'pending', error: null, analytics_results: {} }]);
  });

  it('goes on when a stream changes its agent, and closes with 1000 when it has ended, after a last message', async () => {
    const { closed, messages } = await listen(`stream_id=${stream}`);
    nvr.bus.publish(streamTold, { stream_id: stream, message: { stream_status: 'stop', error: null, analytics_results: {} } });
    nvr.bus.publish(streamTold, { stream_id: stream, message: message(1) });
    await until(() => messages.length === 1);
    expect(messages).toEqual([message(1)]);
    await send('PATCH', `/streams/${stream}?action=stop`);
    nvr.bus.publish(streamTold, { stream_id: stream, message: { stream_status: 'stop', error: null, analytics_results: {} } });
    expect(await closed).toBe(1000);
    expect(messages.at(-1)).toEqual({ stream_status: 'stop', error: null, analytics_results: {} });
    // Who comes later is told the same.
    const late = await listen(`stream_id=${stream}`);
    expect(await late.closed).toBe(1000);
    expect(late.messages).toEqual([{ stream_status: 'stop', error: null, analytics_results: {} }]);
  });

  it('opens for a ticket of a browser, once', async () => {
    const { ticket } = (await (await nvr.fetch('/api/v1/events/ws-ticket', { method: 'POST' })).json()) as { ticket: string };
    const id = await newStream();
    await listen(`stream_id=${id}&ticket=${ticket}`, {});
    expect((await refusal(`stream_id=${id}&ticket=${ticket}`, {}))[0]).toBe(401);
  });

  it('refuses before it is a socket', async () => {
    expect(await refusal('')).toEqual([400, 12014]);
    expect(await refusal('stream_id=nonsense')).toEqual([400, 12022]);
    expect(await refusal(`stream_id=${randomUUID()}`)).toEqual([404, 44001]);
    expect(await refusal(`stream_id=${stream}&account_id=${randomUUID()}`)).toEqual([404, 44001]);
    expect((await refusal(`stream_id=${stream}`, {}))[0]).toBe(401);
    const page = { authorization: `Bearer ${nvr.token}`, origin: 'http://evil.example' };
    expect((await refusal(`stream_id=${stream}`, page))[0]).toBe(403);
    const owner = { authorization: `Bearer ${nvr.token}`, 'luna-account-id': randomUUID() };
    expect((await refusal(`stream_id=${stream}`, owner))[0]).toBe(403);
  });

  it('closes with 1008 for who may no longer listen', async () => {
    const credentials = { username: 'ines', password: 'correct horse battery' };
    const headers = { 'content-type': 'application/json' };
    const post = async (route: string, body: object) =>
      (await (await nvr.fetch(`/api/v1${route}`, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as { id: number };
    const role = await post('/roles', { name: 'installer', permissions: ['cameras.manage'] });
    const { id } = await post('/users', { ...credentials, role_id: role.id });
    const waiting = await newStream();
    const { closed } = await listen(`stream_id=${waiting}`, { authorization: `Bearer ${await logIn(nvr.url, credentials)}` });
    await nvr.fetch(`/api/v1/users/${id}`, { method: 'DELETE' });
    expect(await closed).toBe(1008);
  });

  it('listens at an agent of somebody else, where it registered', async () => {
    const theirs = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(theirs, 'listening');
    const asked: string[] = [];
    theirs.on('connection', (socket, { url }) => {
      asked.push(url ?? '');
      for (const text of ['nonsense', '{"stream_status":"odd"}', JSON.stringify(message(7))]) socket.send(text);
    });
    await send('POST', '/analytics', { analytic_name: 'smoke', version: '1' });
    const { port } = theirs.address() as AddressInfo;
    const agent = { name: 'theirs', host: '127.0.0.1', port, api_version: 1, analytics: ['smoke'], max_stream_count: 4 };
    const { agent_id } = await send('POST', '/agents', agent);
    const id = await newStream('smoke');
    await send('POST', `/agents/${agent_id}/streams`);
    const { messages } = await listen(`stream_id=${id}`);
    await until(() => messages.length > 0).finally(() => {
      for (const socket of theirs.clients) socket.terminate();
      theirs.close();
    });
    expect(messages[0]).toEqual(message(7));
    expect(asked[0]).toBe(`/1/ws?stream_id=${id}`);
  });
});
