import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { adapterAnswered, type AdapterAnswer } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { WebSocket, WebSocketServer } from 'ws';
import { jsonRequest } from '../playback/recorded-time.fixture.js';
import { logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { readAdapters } from './adapter-directory.js';

const key = 'the internal key of this installation';
const service = { 'x-internal-api-key': key };
const password = 'a battery of staples 7';
const frame = Buffer.alloc(900_000, 7).toString('base64');
const found = {
  status: 'ok',
  model_name: 'm',
  model_version: '1',
  inference_ms: 3,
  result: { detections: [], model_fingerprint: 'sha256:00' },
};

const capabilities = {
  adapter: { name: 'stranger', version: '2' },
  model: { name: 'm', version: '1', fingerprint: 'sha256:00' },
  tasks_advertised: ['object_detection'],
};

/** An adapter of somebody else: what it was asked, and what it answers next. */
interface Stranger {
  asked: { url: string; headers: http.IncomingHttpHeaders; body: Record<string, unknown> }[];
  answer: (response: http.ServerResponse) => void;
  handshakes: http.IncomingMessage[];
  port: number;
  close(): Promise<void>;
}

let stranger: Stranger;
let nvr: TestNvr;
let cameraId: number;
let otherCameraId: number;
let analyst: Record<string, string>;
let analystId: number;

beforeAll(async () => {
  stranger = await startStranger();
  const ownUrl = `http://127.0.0.1:${stranger.port}/contract`;
  const others = [`away=http://127.0.0.1:1`, `outside=http://192.0.2.1:9100`, `mine=http://127.0.0.1:${stranger.port}/mine`];
  nvr = await startTestNvr({
    internalApiKey: key,
    infer: { adapters: readAdapters({ ownUrl, others }), headers: { authorization: 'Bearer adapters only' } },
  });
  [cameraId, otherCameraId] = (await Promise.all(['yard', 'street'].map(addCamera))) as [number, number];
  const role = await made('/api/v1/roles', { name: 'analyst', permissions: ['ai.view'] });
  analystId = Number((await made('/api/v1/users', { username: 'ann', password, role_id: role.id })).id);
  await nvr.fetch(`/api/v1/users/${analystId}/cameras`, jsonRequest('PUT', { camera_ids: [cameraId] }));
  analyst = { authorization: `Bearer ${await logIn(nvr.url, { username: 'ann', password })}` };
});
afterAll(async () => {
  await nvr?.stop();
  await stranger?.close();
});
beforeEach(() => {
  stranger.asked.length = 0;
  stranger.answer = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found));
});

describe('POST /api/v1/infer/{adapter}', () => {
  it("passes a picture on and the answer back unchanged, with the adapter's credential and not the caller's", async () => {
    const answer = await infer('mine', { frame_b64: frame, camera_id: 'cam-1', odd: [1] }, { ...service, 'x-correlation-id': 'c-1' });
    expect([answer.status, answer.headers.get('x-correlation-id'), await answer.json()]).toEqual([200, 'c-1', found]);
    const [asked] = stranger.asked;
    expect(asked).toMatchObject({ url: '/mine/infer', body: { frame_b64: frame, camera_id: 'cam-1', odd: [1] } });
    expect(asked?.headers).toMatchObject({ authorization: 'Bearer adapters only', 'x-correlation-id': 'c-1' });
    expect(asked?.headers).not.toHaveProperty('x-internal-api-key');
  });

  it('tells the bus what a service was answered', async () => {
    const told: AdapterAnswer[] = [];
    nvr.bus.on(adapterAnswered, (answer) => void told.push(answer));
    // What was asked above may still be told, so each asks under a name of its own.
    const toldOf = (name: string) => told.filter(({ correlation_id }) => correlation_id === name);
    await until(async () => {
      await infer('yolov8', { frame_b64: 'AA==', camera_id: `cam-${cameraId}` }, { ...service, 'x-correlation-id': 'c-2' });
      return toldOf('c-2').length > 0;
    });
    const { completed_at, ...rest } = toldOf('c-2')[0]!;
    expect(Date.parse(completed_at)).toBeGreaterThan(0);
    expect(rest).toMatchObject({ correlation_id: 'c-2', adapter: 'yolov8', camera_id: `cam${cameraId}`, model_fingerprint: 'sha256:00' });
    const later = { 'x-correlation-id': 'c-3' };
    await infer('yolov8', { frame_b64: 'AA==', camera_id: cameraId }, { ...analyst, ...later });
    await infer('yolov8', { frame_b64: 'AA==', camera_id: 'porch' }, { ...service, ...later });
    await until(() => toldOf('c-3').length > 0);
    // What users ask for is no finding of the installation.
    expect(toldOf('c-3').map(({ camera_id }) => camera_id)).toEqual(['porch']);
  });

  it('names the task of ours, and takes the newest picture of a camera that is named alone', async () => {
    await drawPicture('yard');
    expect((await infer('fast_plate_ocr', { camera_id: `cam${cameraId}` }, analyst)).status).toBe(200);
    expect(stranger.asked[0]).toMatchObject({
      url: '/contract/infer',
      headers: { 'x-camera-id': String(cameraId) },
      body: { task: 'license_plate_recognition', frame_b64: Buffer.from('yard').toString('base64') },
    });
  });

  it('hides cameras that the caller does not see, whatever is asked about them', async () => {
    for (const camera_id of [otherCameraId, `cam${otherCameraId}`, 'street', 'porch', 999])
      for (const picture of [{}, { frame_b64: 'AA==' }])
        expect([camera_id, (await infer('yolov8', { camera_id, ...picture }, analyst)).status]).toEqual([camera_id, 404]);
    expect((await infer('yolov8', { input: { frame: { uri: 'opennvr://street/latest.jpg' } } }, analyst)).status).toBe(422);
    expect(stranger.asked).toEqual([]);
  });

  it("answers an adapter's failure with its status and its envelope, and names what else can be wrong", async () => {
    const failure = { status: 'error', error: { category: 'overloaded', code: 'queue_full', message: 'full', transient: true } };
    stranger.answer = (response) => response.writeHead(503, { 'retry-after': '1' }).end(JSON.stringify(failure));
    const refused = await infer('mine', { frame_b64: 'AA==' });
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([503, '1', { detail: failure }]);
    stranger.answer = (response) => response.writeHead(302, { location: 'http://127.0.0.1/' }).end();
    for (const [adapter, status, detail] of [
      ['mine', 502, 'what answers there is no adapter (Contract v1)'],
      ['away', 502, 'the adapter cannot be reached'],
      ['outside', 502, 'the adapter cannot be reached'],
      ['unknown', 404, expect.stringContaining('Adapter not found; there are: default, yolov8')],
      ['__proto__', 404, expect.stringContaining('Adapter not found')],
    ] as const) {
      const answer = await infer(adapter, { frame_b64: 'AA==' });
      expect([adapter, answer.status, await answer.json()]).toEqual([adapter, status, { detail }]);
    }
    expect((await infer('mine', { frame_b64: 'A'.repeat(13 * 1024 * 1024) })).status).toBe(413);
  });

  it('lets go of the adapter when the caller hangs up, and has no more than sixteen questions under way', async () => {
    let open = 0;
    stranger.answer = (response) => {
      open++;
      response.once('close', () => open--);
    };
    const gone = new AbortController();
    const asking = Array.from({ length: 16 }, () => infer('mine', { frame_b64: 'AA==' }, service, gone.signal).catch(() => undefined));
    await until(() => open === 16);
    const late = await infer('mine', { frame_b64: 'AA==' });
    expect([late.status, late.headers.get('retry-after')]).toEqual([503, '1']);
    gone.abort();
    await Promise.all(asking);
    await until(() => open === 0);
  });
});

describe('GET /api/v1/adapters', () => {
  const adaptersFor = async (headers: Record<string, string>) =>
    ((await (await fetch(`${nvr.url}/api/v1/adapters`, { headers })).json()) as { adapters: Record<string, unknown>[] }).adapters;

  it('tells which there are and how they are; where, only services and admins', async () => {
    const adapters = await adaptersFor(service);
    expect(adapters.map(({ name }) => name)).toEqual([...nvr.config.infer.adapters.keys()]);
    expect(adapters.find(({ name }) => name === 'mine')).toEqual({
      name: 'mine',
      url: `http://127.0.0.1:${stranger.port}/mine`,
      adapter_name: 'stranger',
      adapter_version: '2',
      model_name: 'm',
      model_version: '1',
      tasks_advertised: ['object_detection'],
      fingerprint: 'sha256:00',
      health_status: 'ok',
      consecutive_health_failures: 0,
      approval_status: 'approved',
    });
    for (const away of ['away', 'outside'])
      expect(adapters.find(({ name }) => name === away)).toMatchObject({
        health_status: 'unreachable',
        consecutive_health_failures: 1,
        adapter_name: null,
        tasks_advertised: [],
      });
    expect((await adaptersFor({ authorization: `Bearer ${nvr.token}` })).map(({ url }) => url)).not.toContain(null);
    expect(new Set((await adaptersFor(analyst)).map(({ url }) => url))).toEqual(new Set([null]));
  });
});

describe('WebSocket /api/v1/infer/{adapter}/stream', () => {
  const handshake = (camera?: unknown) =>
    JSON.stringify({ type: 'handshake', client_id: 'c', frame_transport: 'websocket', camera_id: camera });

  it('carries what both sides say, as it is and in its order', async () => {
    const client = await Client.open('insightface/stream?min_confidence=0.5', service);
    client.socket.send(handshake('porch'));
    client.socket.send('{"type":"frame","seq":1,"ts_ms":0,"content_type":"image/jpeg"}');
    client.socket.send(Buffer.alloc(300_000, 1));
    client.socket.send('not the contract: services are passed on verbatim');
    await until(() => client.said.length === 4);
    expect(client.said).toEqual([
      handshake('porch'),
      '{"type":"frame","seq":1,"ts_ms":0,"content_type":"image/jpeg"}',
      300_000,
      'not the contract: services are passed on verbatim',
    ]);
    const [opened] = stranger.handshakes.splice(0);
    expect([opened?.url, opened?.headers.authorization]).toEqual([
      '/contract/infer/stream?min_confidence=0.5&task=face_detection',
      'Bearer adapters only',
    ]);
    client.socket.send('close 4004');
    expect(await client.closed).toEqual([4004, 'full']);
  });

  it.each([
    ['another camera', () => [handshake(otherCameraId)]],
    ['a camera of nobody', () => [handshake('porch')]],
    ['a path instead of a picture', () => [handshake(), '{"type":"frame_ref","seq":1,"shm_path":"/etc/passwd"}']],
    ['what is no message', () => ['{']],
  ])('ends with 4001 when a user names %s', async (_what, messages) => {
    const client = await Client.open('mine/stream', analyst);
    for (const message of messages()) client.socket.send(message);
    expect((await client.closed)[0]).toBe(4001);
    expect(client.said.filter((said) => String(said).includes('shm_path') || String(said).includes('porch'))).toEqual([]);
  });

  it('ends when the right to its camera does', async () => {
    const client = await Client.open('mine/stream', analyst);
    client.socket.send(handshake(cameraId));
    await until(() => client.said.length === 1);
    await nvr.database.cameraGrant.deleteMany({ where: { userId: analystId } });
    expect((await client.closed)[0]).toBe(4001);
    await nvr.database.cameraGrant.create({ data: { userId: analystId, cameraId } });
  });

  it('ends when the role loses the permission', async () => {
    const client = await Client.open('mine/stream', analyst);
    const { roleId } = await nvr.database.user.findUniqueOrThrow({ where: { id: analystId } });
    const setPermissions = (permissions: string[]) => nvr.fetch(`/api/v1/roles/${roleId}`, jsonRequest('PUT', { permissions }));
    await setPermissions(['cameras.view']);
    expect((await client.closed)[0]).toBe(4001);
    await setPermissions(['ai.view']);
    await until(async () => (await fetch(`${nvr.url}/api/v1/adapters`, { headers: analyst })).status === 200);
  });

  it('is closed with 4002 where no adapter is, and refused as any request where there is no such name', async () => {
    for (const adapter of ['away', 'outside']) expect((await (await Client.open(`${adapter}/stream`, service)).closed)[0]).toBe(4002);
    for (const [headers, target, status] of [
      [{}, 'mine/stream', 401],
      [service, 'unknown/stream', 404],
      [{ ...service, origin: 'https://elsewhere.example' }, 'mine/stream', 403],
    ] as const)
      expect(await Client.refused(target, headers)).toBe(status);
  });
});

function infer(adapter: string, body: unknown, headers: Record<string, string> = service, signal?: AbortSignal): Promise<Response> {
  return fetch(`${nvr.url}/api/v1/infer/${adapter}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

async function made(pathname: string, body: unknown): Promise<Record<string, unknown>> {
  return (await (await nvr.fetch(pathname, jsonRequest('POST', body))).json()) as Record<string, unknown>;
}

/** A camera whose newest picture is its name. */
async function addCamera(name: string): Promise<number> {
  const camera = await made('/api/v1/cameras', { name, rtsp_url: `rtsp://10.0.0.1/${name}`, frames_name: name });
  await drawPicture(name);
  return Number(camera.id);
}

/** It counts for 30 s. */
async function drawPicture(name: string): Promise<void> {
  await mkdir(path.join(nvr.config.framesDir, name), { recursive: true });
  await writeFile(path.join(nvr.config.framesDir, name, 'latest.jpg'), name);
}

/** A client of a stream; the stranger says back all that it hears, of bytes how many. */
class Client {
  readonly said: (string | number)[] = [];
  readonly closed: Promise<[number, string]>;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.said.push(/^\d+$/.test(data.toString()) ? Number(data.toString()) : data.toString()));
    this.closed = once(socket, 'close').then(([code, reason]) => [code as number, String(reason)]);
  }

  static async open(target: string, headers: Record<string, string>): Promise<Client> {
    const client = new Client(new WebSocket(`${nvr.url.replace('http', 'ws')}/api/v1/infer/${target}`, { headers }));
    await once(client.socket, 'open');
    return client;
  }

  static async refused(target: string, headers: Record<string, string>): Promise<number | undefined> {
    const socket = new WebSocket(`${nvr.url.replace('http', 'ws')}/api/v1/infer/${target}`, { headers });
    socket.on('error', () => undefined);
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, http.IncomingMessage];
    response.resume();
    socket.terminate();
    return response.statusCode;
  }
}

async function startStranger(): Promise<Stranger> {
  const sockets = new WebSocketServer({ noServer: true });
  const started: Stranger = { asked: [], handshakes: [], answer: () => undefined, port: 0, close: () => closeAll() };
  const server = http.createServer(async (request, response) => {
    if (request.url?.endsWith('/health')) return response.end('{"status":"ok"}');
    if (request.url?.endsWith('/capabilities')) return response.end(JSON.stringify(capabilities));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    started.asked.push({ url: request.url ?? '', headers: request.headers, body });
    started.answer(response);
  });
  server.on('upgrade', (request, socket, head) => {
    started.handshakes.push(request);
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('message', (data: Buffer, isBinary) => {
        if (!isBinary && data.toString() === 'close 4004') return client.close(4004, 'full');
        client.send(isBinary ? String(data.length) : data.toString());
      });
    });
  });
  const closeAll = async () => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  started.port = (server.address() as { port: number }).port;
  return started;
}
