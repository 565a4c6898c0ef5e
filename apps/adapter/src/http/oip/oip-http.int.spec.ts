import { once } from 'node:events';
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Health } from '@nightjar/runtime';
import { AdapterFixture } from '../adapter.fixture.js';
import type { AdapterHttp } from '../adapter-http.js';
import { OipClient, type OipMetadata } from './oip-client.fixture.js';

const detectionOutputs = ['result', 'boxes', 'scores', 'labels', 'class_ids', 'image_index'];
describe('the Open Inference Protocol over HTTP', () => {
  let fixture: AdapterFixture;
  let http: AdapterHttp;
  let client: OipClient;

  beforeAll(async () => {
    fixture = await AdapterFixture.start();
    http = await fixture.open();
    client = new OipClient(http);
  });
  afterAll(() => fixture.close());

  describe('the server', () => {
    it('says who it is, that it lives and that it is ready', async () => {
      const { status, body } = await client.get('/v2');
      expect(status).toBe(200);
      expect(body).toMatchObject({ name: 'nightjar', version: '0.1.0' });
      expect(body.extensions).toEqual(expect.arrayContaining(['binary_tensor_data', 'model_repository', 'statistics']));
      expect(await client.get('/v2/health/live')).toMatchObject({ status: 200, body: { live: true } });
      expect(await client.get('/v2/health/ready')).toMatchObject({ status: 200, body: { ready: true } });
    });

    it('says when it is not ready', async () => {
      const health = new Health();
      health.addCheck('engine', () => 'models are not loaded');
      const busy = new OipClient(await fixture.open({ health }));
      expect(await busy.get('/v2/health/ready')).toMatchObject({ status: 503, body: { ready: false, error: 'the server is not ready' } });
      expect(await busy.get('/v2/health/live')).toMatchObject({ status: 200 });
    });

    it('asks for a credential everywhere but where it says who and how it is', async () => {
      const guarded = await fixture.open({ credentials: { apiKey: 'secret-key', token: undefined } });
      const stranger = new OipClient(guarded);
      for (const path of ['/v2', '/v2/health/live', '/v2/health/ready']) expect((await stranger.get(path)).status).toBe(200);
      for (const path of ['/v2/models', '/v2/models/stats', '/v2/models/identity', '/v2/models/identity/ready']) {
        expect(await stranger.get(path)).toMatchObject({ status: 401, body: { error: 'credentials are missing' } });
      }
      expect((await stranger.post('/v2/repository/models/nanodet/unload')).status).toBe(401);
      expect((await stranger.infer('identity', {})).status).toBe(401);
      expect((await new OipClient(guarded, { 'X-API-Key': 'secret-key' }).get('/v2/models')).status).toBe(200);
    });

    it('refuses what a page of another site sends by way of a browser', async () => {
      for (const origin of ['https://elsewhere.example', 'null', 'http://localhost:1']) {
        for (const path of ['/v2/repository/models/nanodet/unload', '/v2/models/identity/infer']) {
          expect(await client.post(path, '{}', { Origin: origin, 'Content-Type': 'text/plain' })).toMatchObject({ status: 403 });
        }
      }
      expect(fixture.pool.status.models.find(({ name }) => name === 'nanodet')?.loaded).toBe(true);
      expect((await client.post('/v2/repository/index', '', { Origin: http.url })).status).toBe(200);
    });

    it('answers what it does not have with an error as the protocol has it', async () => {
      for (const path of ['/v2/nothing', '/v2/models/identity/nothing', '/v2/systemsharedmemory/status', '/v2/trace/setting']) {
        expect(await client.get(path)).toMatchObject({ status: 404, body: { error: `Cannot GET ${path}` } });
      }
      expect(await client.get('/v2/models/%zz')).toMatchObject({ status: 400, body: { error: 'not a valid URL' } });
      for (const name of ['nothing', '__proto__', 'constructor', '..%2f..', 'x'.repeat(2_000)]) {
        for (const what of ['', '/ready', '/config', '/stats', '/versions/1']) {
          const { status, body } = await client.get<{ error: string }>(`/v2/models/${name}${what}`);
          expect([name, what, status]).toEqual([name, what, 404]);
          expect(body.error).toMatch(/^there is no model "/);
          expect(body.error.length).toBeLessThan(100);
        }
      }
    });
  });

  describe('models', () => {
    it('are the tasks, the models of the repository, and identity', async () => {
      const { body } = await client.get<{ models: string[] }>('/v2/models');
      expect(body.models).toEqual(expect.arrayContaining(['identity', 'object_detection', 'person_counting', 'nanodet', 'centernet']));
      expect(new Set(body.models).size).toBe(body.models.length);
    });

    it('tell their tensors: of a task, of a model, of a model that is not loaded yet', async () => {
      const task = await client.get<OipMetadata>('/v2/models/object_detection');
      expect(task.body).toMatchObject({ name: 'object_detection', platform: 'nightjar_task' });
      expect(task.body.inputs).toEqual([{ name: 'image', datatype: 'BYTES', shape: [-1] }]);
      expect(task.body.outputs.map(({ name }) => name)).toEqual(detectionOutputs);
      const model = await client.get<OipMetadata>('/v2/models/nanodet/versions/3.0.4');
      expect(model.body).toMatchObject({ name: 'nanodet', versions: ['3.0.4'], platform: 'onnxruntime_tfjs' });
      expect(model.body.inputs).toHaveLength(1);
      expect(model.body.parameters.fingerprint).toMatch(/^sha256:[0-9a-f]{64}$/);
      const lazy = await client.get<OipMetadata>('/v2/models/blazeface-back');
      expect(lazy.status).toBe(200);
      expect(lazy.body.inputs[0]).toMatchObject({ datatype: expect.stringMatching(/^(UINT8|FP32)$/), shape: expect.arrayContaining([3]) });
      expect(lazy.body.outputs.length).toBeGreaterThan(0);
    });

    it('have no tensors where they are no function of any, as one that reads text', async () => {
      const { status, body } = await client.get<OipMetadata>('/v2/models/pp-ocr-v4');
      expect([status, body.inputs, body.outputs]).toEqual([200, [], []]);
      expect((await client.get('/v2/models/pp-ocr-v4/config')).status).toBe(200);
      const infer = await client.infer('pp-ocr-v4', { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }] });
      expect([infer.status, infer.body.error]).toEqual([501, expect.stringContaining('use the task that it is for')]);
    });

    it('are found by the first parts of their version, and by no other version', async () => {
      for (const version of ['3', '3.0', '3.0.4'])
        expect((await client.get(`/v2/models/nanodet/versions/${version}/ready`)).status).toBe(200);
      for (const version of ['2', '3.0.40', '3.', '', '__proto__']) {
        const { status, body } = await client.get<{ error: string }>(`/v2/models/nanodet/versions/${version}/ready`);
        expect([version, status]).toEqual([version, 404]);
        expect(body.error).toBeTruthy();
      }
    });

    it('have a configuration in the terms of Triton', async () => {
      const { body } = await client.get('/v2/models/nanodet/config');
      expect(body).toMatchObject({
        name: 'nanodet',
        backend: 'onnxruntime',
        max_batch_size: 0,
        model_transaction_policy: { decoupled: false },
      });
      expect(body.input).toEqual([{ name: expect.any(String), data_type: expect.stringMatching(/^TYPE_/), dims: expect.any(Array) }]);
      const task = await client.get('/v2/models/object_detection/config');
      expect(task.body.input).toEqual([{ name: 'image', data_type: 'TYPE_STRING', dims: [-1] }]);
    });
  });

  describe('identity', () => {
    it.each([
      ['BOOL', [true, false]],
      ['UINT8', [0, 255]],
      ['UINT16', [0, 65_535]],
      ['UINT32', [0, 4_294_967_295]],
      ['UINT64', [0, 9_007_199_254_740_991]],
      ['INT8', [-128, 127]],
      ['INT16', [-32_768, 32_767]],
      ['INT32', [-2_147_483_648, 2_147_483_647]],
      ['INT64', [-1, 9_007_199_254_740_991]],
      ['FP16', [0.5, -2]],
      ['BF16', [0.5, -2]],
      ['FP32', [0.5, -(2 ** 100)]],
      ['FP64', [0.1, 1e300]],
      ['BYTES', ['text', 'größer']],
    ])('gives %s back as it came, as JSON and as binary data', async (datatype, data) => {
      const asked = { id: 'one', inputs: [{ name: 'INPUT0', shape: [2, 1], datatype, data }] };
      const { status, headers, body } = await client.infer('identity', asked);
      expect(status).toBe(200);
      expect(headers.get('content-type')).toMatch(/^application\/json/);
      expect(body).toMatchObject({ model_name: 'identity', model_version: '0.1.0', id: 'one' });
      expect(body.outputs).toEqual([{ name: 'OUTPUT0', datatype, shape: [2, 1], data }]);

      const binary = await client.infer('identity', { ...asked, parameters: { binary_data_output: true } });
      expect(binary.headers.get('content-type')).toBe('application/octet-stream');
      const bytes = binary.binary.get('OUTPUT0')!;
      const input = { name: 'INPUT0', shape: [2, 1], datatype, parameters: { binary_data_size: bytes.length } };
      expect((await client.infer('identity', { inputs: [input] }, bytes)).body.outputs[0]?.data).toEqual(data);
    });

    it('keeps all digits of integers', async () => {
      const text = '{"inputs":[{"name":"INPUT0","shape":[2],"datatype":"INT64","data":[9223372036854775807,-9223372036854775808]}]}';
      const response = await fetch(`${http.url}/v2/models/identity/infer`, { method: 'POST', body: text });
      expect(await response.text()).toContain('"data":[9223372036854775807,-9223372036854775808]');
    });

    it('takes a body that is nothing but data, whatever its content type says', async () => {
      const data = Buffer.from([1, 2, 3, 4, 5]);
      for (const type of [
        undefined,
        'application/octet-stream',
        'application/json',
        'application/x-www-form-urlencoded',
        'multipart/form-data',
        'text/x',
      ]) {
        const headers = { 'Inference-Header-Content-Length': '0', ...(type && { 'Content-Type': type }) };
        const { status, body, binary } = await client.inferBytes('identity', data, headers);
        expect([type, status]).toEqual([type, 200]);
        expect(body.outputs).toEqual([{ name: 'OUTPUT0', datatype: 'UINT8', shape: [5], parameters: { binary_data_size: 5 } }]);
        expect(binary.get('OUTPUT0')).toEqual(data);
      }
    });

    it('says in its metadata that no engine process answers', async () => {
      const { body } = await client.get<OipMetadata>('/v2/models/identity');
      expect(body.parameters.answered_by).toContain('without an engine process');
      expect(body.inputs).toEqual([{ name: 'INPUT0', datatype: 'UINT8', shape: [-1] }]);
    });
  });

  describe('bodies', () => {
    it('may be packed', async () => {
      const body = Buffer.from('{"inputs":[{"name":"INPUT0","shape":[3],"datatype":"UINT8","parameters":{"binary_data_size":3}}]}abc');
      const headers = { 'Inference-Header-Content-Length': String(body.length - 3) };
      for (const [encoding, packed] of [
        ['gzip', gzipSync(body)],
        ['deflate', deflateSync(body)],
        ['identity', body],
      ] as const) {
        // prettier-ignore
        const { status, body: answer } = await client.inferBytes('identity', packed, { ...headers, 'Content-Encoding': encoding });
        expect([encoding, status, answer.outputs[0]?.data]).toEqual([encoding, 200, [97, 98, 99]]);
      }
    });

    it('are refused when they are packed otherwise, damaged, or packed far too well', async () => {
      const send = (encoding: string, body: Uint8Array) => client.inferBytes('identity', body, { 'Content-Encoding': encoding });
      expect((await send('br', Buffer.alloc(10))).status).toBe(415);
      expect((await send('__proto__', Buffer.alloc(10))).status).toBe(415);
      expect((await send('gzip', Buffer.alloc(10))).status).toBe(400);
      expect((await send('gzip', gzipSync(Buffer.alloc(1_000)).subarray(0, 20))).status).toBe(400);
      const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
      expect(bomb.length).toBeLessThan(300_000);
      const beforeBytes = process.memoryUsage().rss;
      expect(await send('gzip', bomb)).toMatchObject({ status: 413, body: { error: expect.stringContaining('larger than') } });
      expect(process.memoryUsage().rss - beforeBytes).toBeLessThan(128 * 1024 * 1024);
    });

    it('are refused when they are larger than a picture may be', async () => {
      const reply = await client.inferBytes('identity', Buffer.alloc(33 * 1024 * 1024), { 'Inference-Header-Content-Length': '0' });
      expect(reply.status).toBe(413);
      expect(reply.body.error).toBeTruthy();
    });

    it('come back whole to one who reads slowly, while the memory of others is given back', async () => {
      const body = Buffer.alloc(8 * 1024 * 1024, 'the slow one');
      const { hostname, port } = new URL(http.url);
      const socket = connect(Number(port), hostname);
      socket.write(
        'POST /v2/models/identity/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\nInference-Header-Content-Length: 0\r\n' +
          `Content-Length: ${body.length}\r\n\r\n`,
      );
      socket.write(body);
      await once(socket, 'readable');
      const others = Array.from({ length: 8 }, async (_unused, index) => {
        const bytes = Buffer.alloc(300_000 + index, String(index));
        const { binary } = await client.inferBytes('identity', bytes, { 'Inference-Header-Content-Length': '0' });
        return binary.get('OUTPUT0')?.equals(bytes);
      });
      expect(await Promise.all(others)).toEqual(Array.from({ length: 8 }, () => true));
      const answer = Buffer.concat((await socket.toArray()) as Buffer[]);
      expect(answer.subarray(-body.length).equals(body)).toBe(true);
    });

    it('may come in a hundred thousand pieces of a byte', async () => {
      const { hostname, port } = new URL(http.url);
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), hostname, () => {
          socket.write(
            'POST /v2/models/identity/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\nInference-Header-Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n',
          );
          socket.write('1\r\nA\r\n'.repeat(100_000));
          socket.write('0\r\n\r\n');
        });
        const chunks: Buffer[] = [];
        socket.on('data', (chunk) => chunks.push(chunk));
        socket.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
        socket.on('error', reject);
      });
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).toContain('"shape":[100000]');
    });
  });
});
