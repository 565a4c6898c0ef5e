import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import type { z } from 'zod';
import { maxPictureBytes } from '../../intake/picture-header.js';
import type { AdapterHttp } from '../adapter-http.js';
import { AdapterFixture } from '../adapter.fixture.js';
import { blackPixel, photo } from './sample-frames.fixture.js';
import { CapabilitiesResponse, FailureEnvelope, HardwareEvaluation, HealthResponse, InferResponse } from './contract-messages.js';

const isJson = { 'Content-Type': 'application/json' };

interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

describe('Adapter Contract v1 over HTTP', () => {
  let adapter: AdapterFixture;
  let http: AdapterHttp;

  const call = async (route: string, init: RequestInit = {}, server = http): Promise<Answer> => {
    const response = await fetch(server.url + route, init);
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const post = (body: unknown, route = '/contract/infer') =>
    call(route, { method: 'POST', headers: isJson, body: typeof body === 'string' ? body : JSON.stringify(body) });
  const picture = (bytes: Uint8Array) => new Blob([Uint8Array.from(bytes)], { type: 'image/jpeg' });
  const form = (parts: Record<string, string | Blob>) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(parts)) body.set(name, value);
    return body;
  };
  const postForm = (parts: Record<string, string | Blob>, route = '/contract/infer') => call(route, { method: 'POST', body: form(parts) });
  /** The body, which must be exactly what the schema says. */
  const read = <T extends z.ZodType>(schema: T, { text }: Answer): z.infer<T> => schema.parse(JSON.parse(text)) as z.infer<T>;
  const refusal = (answer: Answer) => {
    const { category, code, transient } = read(FailureEnvelope, answer).error;
    return [answer.status, category, code, transient];
  };
  const detections = (answer: Answer) =>
    read(InferResponse, answer).result.detections as { label: string; bbox: Record<'x' | 'y' | 'w' | 'h', number> }[];

  beforeAll(async () => {
    adapter = await AdapterFixture.start();
    http = await adapter.open();
  });
  afterAll(() => adapter.close());

  it('tells its health, strictly', async () => {
    const health = read(HealthResponse, await call('/contract/health'));
    expect(health).toMatchObject({ status: 'ok', adapter_name: 'nightjar', model_name: 'nanodet', model_version: '3.0.4' });
  });

  it('tells what it can do, strictly', async () => {
    const capabilities = read(CapabilitiesResponse, await call('/contract/capabilities'));
    expect(capabilities).toMatchObject({
      adapter: { name: 'nightjar', license: 'Apache-2.0', supported_contract_versions: ['1'] },
      model: { name: 'nanodet', framework: expect.any(String), fingerprint: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
      endpoints: {
        infer: { supported: true },
        infer_stream: { supported: true, max_concurrent_streams: 64, supports_shared_memory: false },
      },
      tasks_advertised: expect.arrayContaining(['object_detection', 'person_detection', 'person_counting']),
      permissions: { gpu: false, network_egress: [], host_filesystem: [] },
      scheduling: { max_inflight: 2, fair_queuing: 'per_camera' },
      detector: {
        input: { width: expect.any(Number), height: expect.any(Number), layout: 'nhwc' },
        accelerator: { backend: 'cpu' },
        labels: expect.arrayContaining(['person']),
      },
    });
  });

  it('judges its hardware, strictly', async () => {
    const evaluation = read(HardwareEvaluation, await call('/contract/hardware/evaluation'));
    expect(evaluation.details).toMatchObject({ cpu_cores: expect.any(Number), providers_wanted: ['cpu'], devices_in_use: ['cpu'] });
  });

  it('answers a 1x1 black JPEG without task or parameters with an empty list', async () => {
    const answer = await postForm({ frame: picture(blackPixel) });
    expect(answer.status).toBe(200);
    expect(detections(answer)).toEqual([]);
  });

  it('gives the same detections for multipart and for base64, normalised, with the model by name', async () => {
    const multipart = await postForm({ frame: picture(photo) });
    const response = read(InferResponse, multipart);
    const { frame_dimensions: size, model_fingerprint: fingerprint } = response.result;
    expect(response).toMatchObject({ model_name: 'nanodet', model_version: '3.0.4' });
    expect(size).toEqual({ w: 1920, h: 1280 });
    expect(fingerprint).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(multipart.headers.get('x-model-fingerprint')).toBe(fingerprint);
    const found = detections(multipart);
    expect(found.filter(({ label }) => label === 'person').length).toBeGreaterThanOrEqual(2);
    for (const { bbox } of found) expect([bbox.x >= 0, bbox.y >= 0, bbox.x + bbox.w <= 1, bbox.y + bbox.h <= 1]).not.toContain(false);
    expect(detections(await post({ frame_b64: photo.toString('base64') }))).toEqual(found);
  });

  it('takes parameters as text, as a JSON part or flat beside base64, and ignores what it does not know', async () => {
    const params = { task: 'person_counting', camera_id: 'gate', who_knows: { a: 1 } };
    const asText = await postForm({ frame: picture(photo), params: JSON.stringify(params) });
    const asJson = await call('/contract/infer', rawForm(photo, params));
    const flat = await post({ frame_b64: photo.toString('base64'), ...params, camera_id: 7, session: null });
    const ids = [asText, asJson, flat].map((answer) =>
      (detections(answer) as unknown as { track_id: number }[]).map(({ track_id }) => track_id),
    );
    expect(ids[0]!.length).toBeGreaterThanOrEqual(2);
    // The second picture of the same camera shows the same persons; the other camera begins with its own.
    expect(ids[1]).toEqual(ids[0]);
    expect(ids[2]).toEqual(ids[0]);
    expect(read(InferResponse, asText).result).toHaveProperty('count', ids[0]!.length);
  });

  it('takes every task it advertises that looks at one picture and needs nothing else', async () => {
    const { tasks_advertised: tasks } = read(CapabilitiesResponse, await call('/contract/capabilities'));
    for (const task of ['object_detection', 'person_detection', 'person_counting', 'motion_detection', 'identity'].filter((name) =>
      tasks.includes(name),
    ))
      expect([task, (await postForm({ frame: picture(photo), params: JSON.stringify({ task }) })).status]).toEqual([task, 200]);
  });

  const malformed = [400, 'transport_error', 'malformed_input', false];
  it.each<[string, unknown, unknown[]]>([
    ['a body that is no JSON', '{"frame_b64":', malformed],
    ['an empty body', '', malformed],
    ['a body that is no object', [1], malformed],
    ['a request without a picture', { threshold: 1 }, malformed],
    ['what is no base64', { frame_b64: '!!!!' }, malformed],
    ['a picture that is no text', { frame_b64: 5 }, malformed],
    ['an empty picture', { frame_b64: '' }, malformed],
    ['bytes that are no picture', { frame_b64: 'AAAA' }, malformed],
    ['the reserved name __file__', { frame_b64: 'AAAA', __file__: 1 }, malformed],
    ['the reserved name file_b64', { file_b64: 'AAAA' }, malformed],
    ['an unknown task', { frame_b64: 'AAAA', task: 'mind_reading' }, malformed],
    ['a task named like a property of objects', { frame_b64: 'AAAA', task: 'constructor' }, malformed],
    ['a task that is no text', { frame_b64: 'AAAA', task: { $ne: 1 } }, malformed],
    ['a camera of another shape', { frame_b64: 'AAAA', camera_id: [] }, malformed],
    ['many pictures', { a_b64: 'AAAA', b_b64: 'AAAA', c_b64: 'AAAA' }, malformed],
    ['sound', { audio_b64: 'AAAA', task: 'audio_transcription' }, [501, 'not_supported', 'input_not_supported', false]],
    ['other data', { data_b64: 'AAAA' }, [501, 'not_supported', 'input_not_supported', false]],
    ['text', { text: 'say this' }, [501, 'not_supported', 'input_not_supported', false]],
    ['a conversation', { messages: [] }, [501, 'not_supported', 'input_not_supported', false]],
  ])('refuses %s with an envelope', async (_what, body, expected) => {
    expect(refusal(await post(body))).toEqual(expected);
  });

  it('refuses forms with damaged parameters, reserved names, other files or none', async () => {
    const frame = picture(photo);
    const answers = await Promise.all([
      postForm({ frame, params: '{"task":' }),
      postForm({ frame, params: '[1]' }),
      postForm({ frame, params: '{"frame_b64":"AAAA"}' }),
      postForm({ params: '{}' }),
      postForm({ file: frame }),
      call('/contract/infer', { ...rawForm(photo, 'no object'), body: 'no multipart at all' }),
    ]);
    expect(answers.map(refusal)).toEqual(answers.map(() => malformed));
    expect(refusal(await postForm({ audio: frame }))).toEqual([501, 'not_supported', 'input_not_supported', false]);
  });

  it('refuses other content types with 415 and bodies beyond 32 MiB with 413', async () => {
    const types = ['image/jpeg', 'text/plain', 'application/octet-stream', 'application/x-www-form-urlencoded'];
    const answers = await Promise.all(
      types.map((type) => call('/contract/infer', { method: 'POST', headers: { 'Content-Type': type }, body: 'abc' })),
    );
    expect(answers.map(refusal)).toEqual(types.map(() => [415, 'transport_error', 'unsupported_content_type', false]));
    const large = Buffer.alloc(maxPictureBytes + 1, 65);
    const tooLarge = [413, 'transport_error', 'malformed_input', false];
    expect(refusal(await postForm({ frame: picture(large) }))).toEqual(tooLarge);
    expect(refusal(await postForm({ frame: picture(large.subarray(0, -9)), frame2: picture(large.subarray(0, 99)) }))).toEqual(tooLarge);
    expect(refusal(await post(`"${large.toString()}"`))).toEqual(tooLarge);
    expect(refusal(await call('/contract/infer', { ...rawForm(large, {}, { stream: true }) }))).toEqual(tooLarge);
  });

  it('gives every answer a correlation id: the one it was given, or a new one', async () => {
    const routes = ['/health', '/capabilities', '/hardware/evaluation', '/metrics', '/infer/stream', '/no-such-route', '/%zz'];
    for (const route of routes) {
      const id = async (headers: Record<string, string> = {}) =>
        (await call(`/contract${route}`, { headers })).headers.get('x-correlation-id');
      expect([route, await id({ 'X-Correlation-Id': 'c-1' })]).toEqual([route, 'c-1']);
      expect(await id()).toMatch(/^[0-9a-f]{32}$/);
      expect(await id({ 'X-Correlation-Id': 'x'.repeat(129) })).toMatch(/^[0-9a-f]{32}$/);
      expect(await id({ 'X-Correlation-Id': 'two words' })).toMatch(/^[0-9a-f]{32}$/);
    }
    const refused = await post('{', '/contract/infer');
    expect(refused.headers.get('x-correlation-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('answers unknown routes, broken URLs and plain requests for a stream with envelopes', async () => {
    expect(refusal(await call('/contract/no-such-route'))).toEqual([404, 'transport_error', 'not_found', false]);
    expect(refusal(await call('/contract/%zz'))).toEqual(malformed);
    for (const method of ['GET', 'POST']) {
      const answer = await call('/contract/infer/stream', { method });
      expect(refusal(answer)).toEqual([426, 'transport_error', 'upgrade_required', false]);
      expect(answer.headers.get('upgrade')).toBe('websocket');
    }
  });

  it('tells the two kinds of request apart, wherever they are sent, and answers each in its own words', async () => {
    const legacyJson = { task: 'person_counting', data: { frame: { base64: photo.toString('base64') } } };
    for (const route of ['/infer', '/contract/infer', '/legacy/infer']) {
      const flat = [await post(legacyJson, route), await postForm({ task: 'person_counting', file: picture(photo) }, route)];
      for (const { text } of flat) expect(JSON.parse(text)).toMatchObject({ task: 'person_counting', bbox_format: 'ltwh' });
      const refusedLegacy = await post({ task: 'mind_reading', input: {} }, route);
      expect([refusedLegacy.status, Object.keys(JSON.parse(refusedLegacy.text) as object)]).toEqual([400, ['detail']]);
      const enveloped = [
        await post({ frame_b64: blackPixel.toString('base64'), task: 'person_counting' }, route),
        await postForm({ frame: picture(blackPixel), params: '{"task":"person_counting"}' }, route),
      ];
      for (const answer of enveloped) expect(read(InferResponse, answer).result.count).toBe(0);
      expect(refusal(await post({ frame_b64: '!' }, route))).toEqual(malformed);
    }
    // What makes no sense at all is answered in the words of the place.
    expect(JSON.parse((await post('{', '/infer')).text)).toEqual({ detail: expect.any(String) });
    expect(JSON.parse((await post({}, '/infer')).text)).toEqual({ detail: "Missing 'task' or 'input'" });
  });

  it('counts requests of all surfaces, by task and outcome, and shows them with the state of engine and models', async () => {
    const metrics = async () => (await call('/contract/metrics')).text;
    const count = (text: string, labels: string) =>
      Number(new RegExp(`^adapter_infer_total\\{${labels}\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
    const labels = ['task="person_counting",outcome="ok"', 'task="",outcome="transport_error"'];
    const before = await metrics();
    await postForm({ frame: picture(photo), params: '{"task":"person_counting"}' });
    await postForm({ task: 'person_counting', file: picture(photo) }, '/infer');
    await post({ steps: ['person_counting'], data: { frame: { base64: blackPixel.toString('base64') } } }, '/pipeline/run');
    await post('{');
    await post({ frame_b64: '', task: 'no-such-task' });
    const after = await metrics();
    expect(labels.map((label) => count(after, label) - count(before, label))).toEqual([3, 2]);
    expect(after).not.toContain('no-such-task');
    for (const line of [
      'adapter_model_loaded 1',
      'adapter_stream_connections_active 0',
      'adapter_inflight_requests 0',
      'adapter_queue_depth 0',
      'adapter_engine_processes{state="idle"} 1',
      'adapter_engine_restarts_total 0',
      '# TYPE adapter_infer_latency_seconds histogram',
    ])
      expect(after.split('\n')).toContain(line);
    expect(after).toMatch(
      /^adapter_model_info\{adapter="nightjar",adapter_version="[^"]+",model="nanodet",model_version="3.0.4",framework="[^"]+",fingerprint="sha256:[0-9a-f]{64}"\} 1$/m,
    );
    expect(after).toMatch(/^adapter_infer_latency_seconds_bucket\{le="60",task="person_counting"\} \d+$/m);
    expect((await call('/contract/metrics')).headers.get('content-type')).toContain('text/plain; version=0.0.4');
  });

  it('swaps the two surfaces when told so, and keeps both under their prefixes', async () => {
    const swapped = await adapter.open({ rootSurface: 'contract' });
    for (const prefix of ['', '/contract']) {
      read(HealthResponse, await call(`${prefix}/health`, {}, swapped));
      read(CapabilitiesResponse, await call(`${prefix}/capabilities`, {}, swapped));
      expect(refusal(await call(`${prefix}/nothing`, {}, swapped))).toEqual([404, 'transport_error', 'not_found', false]);
    }
    expect(JSON.parse((await call('/legacy/capabilities', {}, swapped)).text)).toEqual({ tasks: expect.any(Array) });
    expect(JSON.parse((await call('/legacy/nothing', {}, swapped)).text)).toEqual({ detail: expect.any(String) });
    const legacy = { task: 'person_counting', data: { frame: { base64: photo.toString('base64') } } };
    const answer = await call('/infer', { method: 'POST', headers: isJson, body: JSON.stringify(legacy) }, swapped);
    expect(JSON.parse(answer.text)).toMatchObject({ task: 'person_counting' });
    expect(refusal(await call('/infer', { method: 'POST', headers: isJson, body: '{' }, swapped))).toEqual(malformed);
  });

  it('says "loading" and knows no capabilities before its models do', async () => {
    const idle = await AdapterFixture.start({ startEngine: false });
    try {
      const server = await idle.open();
      expect(read(HealthResponse, await call('/contract/health', {}, server)).status).toBe('loading');
      const answer = await call('/contract/capabilities', {}, server);
      expect(refusal(answer)).toEqual([503, 'provider_error', 'provider_unavailable', true]);
      expect(answer.headers.get('retry-after')).toBe('1');
    } finally {
      await idle.close();
    }
  });

  describe('with credentials', () => {
    const clock = new FakeClock();
    const either = [{ 'X-API-Key': 'the-key' }, { Authorization: 'Bearer the-token' }, { authorization: 'bearer  the-token' }];
    const wrong = [
      { 'X-API-Key': 'the-token' },
      { Authorization: 'Bearer the-key' },
      { Authorization: 'Basic the-token' },
      { Authorization: 'Bearer ' },
    ];
    let guarded: AdapterHttp;

    beforeAll(async () => {
      guarded = await adapter.open({ credentials: { apiKey: 'the-key', token: 'the-token' }, clock });
    });
    const status = async (route: string, headers: Record<string, string> = {}, method = 'GET') =>
      (await call(route, { method, headers }, guarded)).status;

    it('lets everybody read what it is during the first 300 seconds, and then only those who show one', async () => {
      const routes = ['/contract/capabilities', '/contract/hardware/evaluation'];
      clock.advance(299_000);
      for (const route of routes) expect(await status(route)).toBe(200);
      clock.advance(1_000);
      for (const route of routes) {
        expect(await status(route)).toBe(401);
        for (const headers of either) expect(await status(route, headers as unknown as Record<string, string>)).toBe(200);
      }
    });

    it('never asks for one on /health, and always on /metrics', async () => {
      expect(await status('/contract/health')).toBe(200);
      expect(await status('/contract/metrics')).toBe(401);
      expect(await status('/contract/metrics', either[1] as unknown as Record<string, string>)).toBe(200);
    });

    it('takes either of them on every route that asks, of every surface, and nothing else', async () => {
      const gated = guarded.routes.filter(({ policy }) => policy.kind !== 'public');
      expect(gated.length).toBeGreaterThanOrEqual(15);
      for (const { method, url } of gated) {
        const route = url.replace(/[:*]\w*/g, 'x');
        expect([method, url, await status(route, {}, method)]).toEqual([method, url, 401]);
        for (const headers of wrong)
          expect([url, await status(route, headers as unknown as Record<string, string>, method)]).toEqual([url, 401]);
        for (const headers of either)
          expect([url, await status(route, headers as unknown as Record<string, string>, method)]).not.toEqual([url, 401]);
      }
    });

    it('says in the words of the surface what is missing or wrong', async () => {
      const missing = await call('/contract/metrics', {}, guarded);
      expect(refusal(missing)).toEqual([401, 'permission_denied', 'auth_missing', false]);
      expect(missing.headers.get('www-authenticate')).toBe('Bearer');
      expect(missing.headers.get('x-correlation-id')).toMatch(/^[0-9a-f]{32}$/);
      const invalid = await call('/contract/infer', { method: 'POST', headers: { Authorization: 'Bearer nonsense' } }, guarded);
      expect(refusal(invalid)).toEqual([401, 'permission_denied', 'auth_invalid', false]);
      const legacy = await call('/adapters', {}, guarded);
      expect([legacy.text, legacy.headers.get('www-authenticate')]).toEqual(['{"detail":"Invalid or missing API Key"}', 'ApiKey']);
    });

    it('does not repeat a credential that it was shown', async () => {
      const { text } = await call('/contract/metrics', { headers: { Authorization: 'Bearer secret-of-somebody' } }, guarded);
      expect(text).not.toContain('secret-of-somebody');
    });
  });

  it('is not slowed down by work: health answers while the engine is stopped and its queue is full', async () => {
    const [pid] = adapter.pool.pids;
    process.kill(pid!, 'SIGSTOP');
    const body = form({ frame: picture(blackPixel) });
    // More than one caller's share of the queue holds.
    const answers = Array.from({ length: 64 }, () => call('/contract/infer', { method: 'POST', body }));
    try {
      const full = await Promise.race(answers);
      // All of one caller: beyond its share of the queue it is told when to come back.
      expect(refusal(full)).toEqual([503, 'overloaded', 'queue_full', true]);
      expect(read(FailureEnvelope, full).error.retry_after_ms).toBeGreaterThan(0);
      expect(full.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(read(HealthResponse, await call('/contract/health')).status).toBe('ok');
    } finally {
      process.kill(pid!, 'SIGCONT');
    }
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((code) => code === 200).length).toBeGreaterThanOrEqual(4);
  });
});

/** A multipart request whose `params` are a part of type JSON without a file name, as the contract's own clients send it. */
function rawForm(frame: Uint8Array, params: unknown, { stream = false } = {}): RequestInit {
  const boundary = 'nightjar-boundary';
  const part = (headers: string) => `--${boundary}\r\nContent-Disposition: form-data; ${headers}\r\n\r\n`;
  const bytes = Buffer.concat([
    Buffer.from(part('name="params"\r\nContent-Type: application/json') + JSON.stringify(params) + '\r\n'),
    Buffer.from(part('name="frame"; filename="f.jpg"\r\nContent-Type: image/jpeg')),
    frame,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return {
    method: 'POST',
    headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
    // Streamed: chunked, without a length that could be refused beforehand.
    ...(stream ? { body: new Blob([Uint8Array.from(bytes)]).stream(), duplex: 'half' } : { body: Uint8Array.from(bytes) }),
  } as RequestInit;
}
