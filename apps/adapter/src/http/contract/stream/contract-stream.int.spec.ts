import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import type { AdapterHttp } from '../../adapter-http.js';
import { AdapterFixture } from '../../adapter.fixture.js';
import { blackPixel, photo } from '../sample-frames.fixture.js';
import { FailureEnvelope } from '../contract-messages.js';
import { failureOf, StreamClient } from './stream-client.fixture.js';

const handshake = { type: 'handshake', client_id: 'spec', frame_transport: 'websocket' };
const frame = { type: 'frame', seq: 1, ts_ms: 0, content_type: 'image/jpeg' };

describe('/infer/stream', () => {
  let adapter: AdapterFixture;
  let http: AdapterHttp;
  let url: string;

  beforeAll(async () => {
    adapter = await AdapterFixture.start();
    http = await adapter.open({ streamLimits: { handshakeMs: 60_000, sessionsMax: 8 } });
    url = `${http.url}/contract/infer/stream`;
  });
  afterAll(() => adapter.close());

  const openStreams = async () =>
    /^adapter_stream_connections_active (\d+)$/m.exec(await (await fetch(`${http.url}/contract/metrics`)).text())?.[1];

  it('shakes hands, answers frames in their order with what /infer would say, and says goodbye', async () => {
    const client = await StreamClient.start(url, 'gate');
    expect(client.messages[0]).toEqual({
      type: 'handshake_ack',
      frame_transport: 'websocket',
      result_sink: 'websocket',
      max_inflight: 2,
      session_id: expect.any(String),
    });
    expect(await openStreams()).toBe('1');
    for (const seq of [7, 8, 9]) {
      client.sendFrame(seq, photo);
      await client.resultsOf(seq - 6);
    }
    expect(client.results.map(({ seq, ts_ms }) => [seq, ts_ms])).toEqual([
      [7, 280],
      [8, 320],
      [9, 360],
    ]);
    const [{ result }] = client.results as [(typeof client.results)[0]];
    const form = new FormData();
    form.set('frame', new Blob([Uint8Array.from(photo)]));
    const answer = (await (await fetch(`${http.url}/contract/infer`, { method: 'POST', body: form })).json()) as { result: object };
    expect(result).toEqual(answer.result);
    client.send({ type: 'close', reason: 'done' });
    expect(await client.end()).toMatchObject({ code: 1000 });
    await until(async () => (await openStreams()) === '0');
  });

  it('downgrades shared memory and NATS sinks in its answer', async () => {
    const client = await StreamClient.open(url);
    client.send({
      ...handshake,
      frame_transport: 'shared_memory',
      shared_memory_root: '/dev/shm/x',
      result_sink: 'nats:results.cam1',
      camera_id: null,
    });
    await until(() => client.messages.length > 0);
    expect(client.messages[0]).toMatchObject({ frame_transport: 'websocket', result_sink: 'websocket' });
    client.sendFrame(1, blackPixel);
    expect((await client.resultsOf(1))[0]!.result).toMatchObject({ detections: [] });
    client.send({ type: 'frame_ref', seq: 2, ts_ms: 0, shm_path: '/x', content_type: 'image/jpeg', size_bytes: 1 });
    expect(await client.end()).toMatchObject({ code: 4001, reason: 'the transport of this session is websocket' });
  });

  it.each<[string, unknown]>([
    ['is no JSON', '{"type"'],
    ['is no handshake', frame],
    ['has a field that the contract does not know', { ...handshake, correlation_id: 'c' }],
    ['names nobody', { ...handshake, client_id: '' }],
    ['offers an unknown transport', { ...handshake, frame_transport: 'carrier pigeon' }],
    ['wants an unknown sink', { ...handshake, result_sink: 'http://elsewhere' }],
    ['is binary', Buffer.from(JSON.stringify(handshake))],
  ])('closes with 4001 when the first message %s', async (_what, message) => {
    const client = await StreamClient.open(url);
    if (Buffer.isBuffer(message)) client.socket.send(message);
    else client.send(message);
    expect(await client.end()).toEqual({ code: 4001, reason: 'bad handshake' });
    expect(client.messages).toEqual([]);
  });

  it('closes with 4001 when no handshake comes', async () => {
    const impatient = await adapter.open({ streamLimits: { handshakeMs: 500 } });
    const client = await StreamClient.open(`${impatient.url}/contract/infer/stream`);
    expect(await client.end()).toEqual({ code: 4001, reason: 'no handshake in time' });
  });

  it.each<[string, unknown[]]>([
    ['text that is no JSON', ['hello']],
    ['an unknown type', [{ type: 'subscribe' }]],
    ['a type named like a property of objects', [{ type: '__proto__' }]],
    ['a frame without a number', [{ type: 'frame', ts_ms: 0, content_type: 'image/jpeg' }]],
    ['a frame with a negative number', [{ ...frame, seq: -1 }]],
    ['a frame with half a number', [{ ...frame, seq: 0.5 }]],
    ['an unknown field', [{ type: 'pause', for: 1 }]],
    ['a close without a reason', [{ type: 'close' }]],
    ['a second handshake', [handshake]],
    ['text where bytes are due', [frame, { type: 'stats' }]],
    ['bytes that no frame announced', [Buffer.from('bytes')]],
  ])('closes with 4001 after %s', async (_what, messages) => {
    const client = await StreamClient.start(url);
    for (const message of messages) {
      if (Buffer.isBuffer(message)) client.socket.send(message);
      else client.send(message);
    }
    expect((await client.end()).code).toBe(4001);
  });

  it('answers a frame that it cannot take with an envelope, and the session lives on', async () => {
    const client = await StreamClient.start(url);
    const cases: [Uint8Array, object?][] = [
      [Buffer.alloc(8 * 1024 * 1024 + 1)],
      [Buffer.from('no picture')],
      [photo.subarray(0, 40_000)],
      [Buffer.alloc(0)],
      [photo, { content_type: 'image/tiff' }],
      [blackPixel],
    ];
    for (const [index, [bytes, extra]] of cases.entries()) {
      client.sendFrame(index, bytes, extra);
      await client.resultsOf(index + 1);
    }
    expect(client.results.map((result) => failureOf(result))).toEqual([
      'transport_error/malformed_input',
      'transport_error/malformed_input',
      'transport_error/malformed_input',
      'transport_error/malformed_input',
      'transport_error/unsupported_content_type',
      undefined,
    ]);
    for (const { result } of client.results.slice(0, -1)) FailureEnvelope.parse(result);
    client.socket.terminate();
  });

  it('drops frames while paused, without a word, and takes them again when resumed', async () => {
    const client = await StreamClient.start(url);
    client.send({ type: 'pause' });
    client.sendFrame(1, blackPixel);
    client.send({ type: 'resume' });
    client.sendFrame(2, blackPixel);
    expect((await client.resultsOf(1)).map(({ seq }) => seq)).toEqual([2]);
    client.socket.terminate();
  });

  it('tells how many frames it has, while the engine stands still, and how fast it was', async () => {
    const clock = new FakeClock();
    const own = await adapter.open({ clock });
    const client = await StreamClient.start(`${own.url}/contract/infer/stream`);
    const stats = async () => {
      const before = client.messages.length;
      client.send({ type: 'stats' });
      await until(() => client.messages.length > before);
      return client.messages.at(-1);
    };
    expect(await stats()).toEqual({ type: 'stats', inflight: 0, queue_depth: 0, fps: 0 });
    const [pid] = adapter.pool.pids;
    process.kill(pid!, 'SIGSTOP');
    try {
      client.sendFrame(1, blackPixel);
      client.sendFrame(2, blackPixel);
      expect(await stats()).toMatchObject({ inflight: 2, queue_depth: 1 });
    } finally {
      process.kill(pid!, 'SIGCONT');
    }
    await client.resultsOf(2);
    clock.advance(2_000);
    expect(await stats()).toEqual({ type: 'stats', inflight: 0, queue_depth: 0, fps: 1 });
    clock.advance(10_000);
    expect(await stats()).toMatchObject({ fps: 0 });
    client.socket.terminate();
  });

  it('refuses frames beyond those that it told, in their order, and goes on', async () => {
    const client = await StreamClient.start(url);
    const [pid] = adapter.pool.pids;
    process.kill(pid!, 'SIGSTOP');
    try {
      for (const seq of [1, 2, 3, 4]) client.sendFrame(seq, blackPixel);
      client.send({ type: 'stats' });
      await until(() => client.messages.length > 1);
    } finally {
      process.kill(pid!, 'SIGCONT');
    }
    const results = await client.resultsOf(4);
    expect(results.map((result) => [result.seq, failureOf(result)])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, 'overloaded/backpressure'],
      [4, 'overloaded/backpressure'],
    ]);
    expect(FailureEnvelope.parse(results[3]!.result).error).toMatchObject({ transient: true, retry_after_ms: expect.any(Number) });
    client.sendFrame(5, blackPixel);
    expect(failureOf((await client.resultsOf(5))[4]!)).toBeUndefined();
    client.socket.terminate();
  });

  it('knows persons again from frame to frame of one stream, and runs other tasks when the address names them', async () => {
    const client = await StreamClient.start(`${url}?task=person_counting`);
    for (const seq of [1, 2]) {
      client.sendFrame(seq, photo);
      await client.resultsOf(seq);
    }
    const ids = client.results.map(({ result }) => (result.detections as { track_id: number }[]).map(({ track_id }) => track_id));
    expect(ids[0]!.length).toBeGreaterThanOrEqual(2);
    expect(ids[1]).toEqual(ids[0]);
    client.socket.terminate();
    const named = await StreamClient.start(`${url}?task=object_detection&labels=car`);
    named.sendFrame(1, photo);
    expect(((await named.resultsOf(1))[0]!.result.detections as { label: string }[]).filter(({ label }) => label !== 'car')).toEqual([]);
    named.socket.terminate();
    await expect(StreamClient.open(`${url}?task=mind_reading`)).rejects.toThrow('Unexpected server response: 400');
    await expect(StreamClient.open(`${url}?task=face_verify`)).rejects.toThrow('Unexpected server response: 400');
  });

  it('opens as many streams as it told, and closes the next with 4004', async () => {
    // What the tests before have left.
    await until(async () => (await openStreams()) === '0');
    const clients = await Promise.all(Array.from({ length: 8 }, () => StreamClient.start(url)));
    const last = await StreamClient.open(url);
    expect(await last.end()).toEqual({ code: 4004, reason: '8 streams are open' });
    expect(last.messages).toEqual([{ type: 'close', reason: '8 streams are open', close_code: 4004 }]);
    clients[0]!.socket.close();
    await until(async () => (await openStreams()) === '7');
    const next = await StreamClient.start(url);
    for (const client of [...clients, next]) client.socket.terminate();
    await until(async () => (await openStreams()) === '0');
  });

  it('gives the caller its correlation id with the handshake, and compresses nothing', async () => {
    const client = await new Promise<Record<string, unknown>>((resolve) => {
      void StreamClient.open(url, { headers: { 'X-Correlation-Id': 'c-9' }, perMessageDeflate: true }).then(({ socket }) => {
        resolve({ extensions: socket.extensions });
        socket.terminate();
      });
    });
    expect(client).toEqual({ extensions: '' });
    expect(await upgradeHeaders(url, { 'X-Correlation-Id': 'c-9' })).toMatchObject({ 'x-correlation-id': 'c-9' });
  });

  it('lets in who shows a credential, before anything else, and no page of another site where none is asked for', async () => {
    const guarded = await adapter.open({ credentials: { apiKey: 'the-key', token: 'the-token' } });
    const route = `${guarded.url}/contract/infer/stream`;
    await expect(StreamClient.open(route)).rejects.toThrow('Unexpected server response: 401');
    await expect(StreamClient.open(route, { headers: { Authorization: 'Bearer nonsense' } })).rejects.toThrow('401');
    for (const headers of [{ Authorization: 'Bearer the-token' }, { 'X-API-Key': 'the-key' }] as Record<string, string>[])
      (await StreamClient.open(route, { headers, origin: 'https://elsewhere.example' })).socket.terminate();
    const { host } = new URL(http.url);
    await expect(StreamClient.open(url, { origin: 'https://elsewhere.example' })).rejects.toThrow('403');
    await expect(StreamClient.open(url, { origin: 'null' })).rejects.toThrow('403');
    // A page whose own name was made to lead here.
    await expect(StreamClient.open(url, { origin: 'http://rebound.example', headers: { Host: 'rebound.example' } })).rejects.toThrow('403');
    (await StreamClient.open(url, { origin: `http://${host}` })).socket.terminate();
  });

  it('closes with 4002 while the model is not ready, after the handshake', async () => {
    const idle = await AdapterFixture.start({ startEngine: false });
    try {
      const client = await StreamClient.start(`${(await idle.open()).url}/contract/infer/stream`);
      expect(await client.end()).toEqual({ code: 4002, reason: 'the model is not ready' });
      expect(client.messages.map(({ type }) => type)).toEqual(['handshake_ack', 'close']);
    } finally {
      await idle.close();
    }
  });

  it('closes with 4003 while no engine process runs, after the handshake', async () => {
    let client: StreamClient;
    do {
      process.kill(adapter.pool.pids[0]!, 'SIGKILL');
      await until(() => adapter.pool.status.ready === 0);
      client = await StreamClient.start(url);
      // On a loaded machine the next process may be there before the client is.
      await until(() => client.closed !== undefined || adapter.pool.status.ready === 1);
      client.socket.terminate();
      await until(() => client.closed !== undefined && adapter.pool.status.ready === 1);
    } while (client.closed?.code !== 4003);
    expect(client.closed).toEqual({ code: 4003, reason: 'no engine process runs' });
    expect(client.messages.map(({ type }) => type)).toEqual(['handshake_ack', 'close']);
  });

  it('answers what it has taken when it stops, tells why it closes, and takes no new stream', async () => {
    const stopping = await adapter.open();
    const route = `${stopping.url}/contract/infer/stream`;
    const [busy, idle] = [await StreamClient.start(route), await StreamClient.start(route)];
    const [pid] = adapter.pool.pids;
    process.kill(pid!, 'SIGSTOP');
    busy.sendFrame(1, blackPixel);
    busy.send({ type: 'stats' });
    await until(() => busy.messages.length > 1);
    const stopped = stopping.streams.stop(AbortSignal.timeout(60_000));
    expect(await idle.end()).toEqual({ code: 1001, reason: 'the adapter is shutting down' });
    const late = await StreamClient.open(route);
    expect((await late.end()).code).toBe(1001);
    expect(busy.closed).toBeUndefined();
    process.kill(pid!, 'SIGCONT');
    expect((await busy.end()).code).toBe(1001);
    expect(busy.messages.map(({ type }) => type)).toEqual(['handshake_ack', 'stats', 'result', 'close']);
    await stopped;
  });
});

/** Headers of the answer to a handshake. */
async function upgradeHeaders(url: string, headers: Record<string, string>): Promise<Record<string, unknown>> {
  const { WebSocket } = await import('ws');
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws'), { headers });
    socket.on('upgrade', (response) => resolve(response.headers));
    socket.on('open', () => socket.terminate());
  });
}
