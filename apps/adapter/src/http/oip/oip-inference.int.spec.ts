import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { samplePictures, until } from '@nightjar/testing';
import { AdapterFixture, ask } from '../adapter.fixture.js';
import type { AdapterHttp } from '../adapter-http.js';
import { prefixed } from './oip-bodies.fixture.js';
import { OipClient, type OipMetadata } from './oip-client.fixture.js';

interface Statistics {
  model_stats: {
    name: string;
    version: string;
    last_inference: number;
    inference_count: number;
    execution_count: number;
    inference_stats: Record<string, { count: number; ns: number }>;
    batch_stats: { batch_size: number }[];
  }[];
}
type Index = { name: string; version: string; state: string; reason: string }[];

const detectionOutputs = ['result', 'boxes', 'scores', 'labels', 'class_ids', 'image_index'];
const floats = (bytes: Buffer | undefined) => [...new Float32Array(Uint8Array.from(bytes!).buffer)];
const integers = (bytes: Buffer | undefined) => [...new Int32Array(Uint8Array.from(bytes!).buffer)];

describe('inference over the Open Inference Protocol', () => {
  let fixture: AdapterFixture;
  let http: AdapterHttp;
  let client: OipClient;
  let photo: Buffer;
  let otherPhoto: Buffer;

  beforeAll(async () => {
    fixture = await AdapterFixture.start();
    http = await fixture.open();
    client = new OipClient(http);
    photo = await readFile(samplePictures[0]!);
    otherPhoto = await readFile(samplePictures[1]!);
    await fixture.writeFrame('camera_0', 'latest.jpg', photo);
  });
  afterAll(() => fixture.close());

  const picture = (...pictures: readonly Uint8Array[]) => {
    const data = prefixed(...pictures);
    return { fields: { name: 'image', shape: [pictures.length], datatype: 'BYTES', parameters: { binary_data_size: data.length } }, data };
  };

  describe('tasks', () => {
    it('take a picture as bytes, as base64, as the address of a frame, and as nothing but the body', async () => {
      const { fields, data } = picture(photo);
      const outputs = [{ name: 'labels' }, { name: 'scores' }];
      const expected = await client.infer('object_detection', { inputs: [fields], outputs }, data);
      expect(expected.status).toBe(200);
      expect(expected.body.outputs[0]?.data).toContain('person');
      const text = (value: string) =>
        client.infer('object_detection', { inputs: [{ name: 'image', shape: [1], datatype: 'BYTES', data: [value] }], outputs });
      expect((await text(photo.toString('base64'))).body.outputs).toEqual(expected.body.outputs);
      expect((await text('opennvr://frames/camera_0/latest.jpg')).body.outputs).toEqual(expected.body.outputs);
      const raw = await client.inferBytes('object_detection', photo, { 'Inference-Header-Content-Length': '0' });
      expect(raw.body.outputs.map(({ name }) => name)).toEqual(detectionOutputs);
      expect(floats(raw.binary.get('scores'))).toEqual((expected.body.outputs[1]?.data as number[]).map(Math.fround));
    });

    it('answer as the legacy surface does, with typed outputs beside it that say the same', async () => {
      const legacy = await ask<{ detections: { bbox: number[]; confidence: number; label: string; class_id: number }[] }>(
        http,
        'POST',
        '/infer',
        {
          task: 'object_detection',
          input: { frame: { uri: 'opennvr://camera_0/latest.jpg' }, min_confidence: 0.5 },
        },
      );
      const { fields, data } = picture(photo);
      const { headers, body, binary } = await client.infer(
        'object_detection',
        { inputs: [fields], parameters: { min_confidence: 0.5, binary_data_output: true } },
        data,
      );
      const result = binary.get('result')!;
      expect(result.readUInt32LE()).toBe(result.length - 4);
      const reply = JSON.parse(result.toString('utf8', 4)) as typeof legacy.body & { model_fingerprint: string };
      expect(reply).toMatchObject({
        task: 'object_detection',
        bbox_format: 'ltwh',
        model_name: 'nanodet',
        detections: legacy.body.detections,
      });
      expect(reply.detections.length).toBeGreaterThanOrEqual(2);
      expect(body.parameters).toEqual({ model_name: 'nanodet', model_version: '3.0.4', model_fingerprint: reply.model_fingerprint });
      expect(headers.get('x-model-fingerprint')).toBe(reply.model_fingerprint);

      const { length } = reply.detections;
      expect(body.outputs.map(({ name, shape }) => [name, shape])).toEqual([
        ['result', [1]],
        ['boxes', [length, 4]],
        ['scores', [length]],
        ['labels', [length]],
        ['class_ids', [length]],
        ['image_index', [length]],
      ]);
      expect(integers(binary.get('class_ids'))).toEqual(reply.detections.map(({ class_id: classId }) => classId));
      expect(binary.get('labels')).toEqual(prefixed(...reply.detections.map(({ label }) => label)));
      const boxes = floats(binary.get('boxes'));
      for (const [index, { bbox, confidence }] of reply.detections.entries()) {
        const [left, top, width, height] = bbox as [number, number, number, number];
        const [x1, y1, x2, y2] = boxes.slice(index * 4) as [number, number, number, number];
        for (const [exact, rounded] of [
          [x1, left],
          [y1, top],
          [x2, left + width],
          [y2, top + height],
        ] as const)
          // prettier-ignore
          expect(Math.abs(exact - rounded)).toBeLessThanOrEqual(1.01);
        expect(floats(binary.get('scores'))[index]).toBeCloseTo(confidence, 5);
      }
    });

    it('take several pictures and answer for each, in order', async () => {
      const { fields, data } = picture(photo, otherPhoto, photo);
      const { body } = await client.infer('person_detection', { inputs: [fields] }, data);
      const [result, ...typed] = body.outputs;
      const replies = result!.data!.map((text) => JSON.parse(text as string) as { person_detected?: boolean; detections?: unknown[] });
      expect(replies).toHaveLength(3);
      expect(typed.every(({ name }) => detectionOutputs.includes(name))).toBe(true);
      const strip = ({ latency_ms: _l, executed_at: _e, ...rest }: Record<string, unknown>) => rest;
      expect(strip(replies[2]!)).toEqual(strip(replies[0]!));
      expect(strip(replies[1]!)).not.toEqual(strip(replies[0]!));
    });

    it('know the pictures of one sequence as following each other, until it starts anew', async () => {
      const { fields, data } = picture(photo);
      const ids = async (parameters: object) => {
        const { body } = await client.infer('person_counting', { inputs: [fields], parameters, outputs: [{ name: 'result' }] }, data);
        return (JSON.parse(body.outputs[0]!.data![0] as string) as { detections: { track_id: number }[] }).detections.map(
          ({ track_id: id }) => id,
        );
      };
      const first = await ids({ sequence_id: 42, sequence_start: true });
      expect(first).toEqual(first.map((_, index) => index + 1));
      expect(await ids({ sequence_id: 42 })).toEqual(first);
      expect(await ids({ sequence_id: 'other' })).toEqual(first);
      expect(await ids({ sequence_id: 42, sequence_end: true })).toEqual(first);
    });

    it('refuse what is no picture, saying which of several', async () => {
      const { fields, data } = picture(photo, Buffer.from('no picture'));
      const { status, body } = await client.infer('object_detection', { inputs: [fields] }, data);
      expect(status).toBe(400);
      expect(body.error).toMatch(/^picture 1: /);
    });

    it.each<[string, object, number, string]>([
      ['no picture', { inputs: [] }, 400, 'input "image" is missing'],
      [
        'none of several pictures',
        { inputs: [{ name: 'image', shape: [0], datatype: 'BYTES', data: [] }] },
        400,
        'takes 1 to 16 pictures, not 0',
      ],
      [
        '17 pictures',
        { inputs: [{ name: 'image', shape: [17], datatype: 'BYTES', data: Array(17).fill('x') }] },
        400,
        'takes 1 to 16 pictures, not 17',
      ],
      [
        'a picture as pixels',
        { inputs: [{ name: 'image', shape: [1], datatype: 'UINT8', data: [1] }] },
        400,
        'has datatype UINT8, the model takes BYTES',
      ],
      [
        'a picture in two dimensions',
        { inputs: [{ name: 'image', shape: [1, 1], datatype: 'BYTES', data: ['x'] }] },
        400,
        'has shape [1, 1]',
      ],
      ['another input', { inputs: [{ name: 'picture', shape: [1], datatype: 'BYTES', data: ['x'] }] }, 400, 'there is no input "picture"'],
      [
        'an output that is none',
        { inputs: [{ name: 'image', shape: [1], datatype: 'BYTES', data: ['x'] }], outputs: [{ name: 'y' }] },
        400,
        'there is no output "y"',
      ],
      [
        'a frame that is not there',
        { inputs: [{ name: 'image', shape: [1], datatype: 'BYTES', data: ['opennvr://camera_0/gone.jpg'] }] },
        404,
        'not found',
      ],
      [
        'a way out of the frames',
        { inputs: [{ name: 'image', shape: [1], datatype: 'BYTES', data: ['opennvr://../etc/passwd'] }] },
        400,
        'Invalid frame URI',
      ],
      [
        'a URL while they are off',
        { inputs: [{ name: 'image', shape: [1], datatype: 'BYTES', data: ['http://127.0.0.1/'] }] },
        400,
        'are off',
      ],
      [
        'a parameter that the task refuses',
        {
          inputs: [{ name: 'image', shape: [1], datatype: 'BYTES', data: ['opennvr://camera_0/latest.jpg'] }],
          parameters: { min_confidence: 7 },
        },
        400,
        'min_confidence',
      ],
    ])('refuse %s', async (_what, fields, status, message) => {
      const reply = await client.infer('object_detection', fields);
      expect(reply.body.error).toContain(message);
      expect(reply.status).toBe(status);
    });

    it('end a request whose time is up', async () => {
      const { fields, data } = picture(photo);
      const { status, body } = await client.infer('object_detection', { inputs: [fields], parameters: { timeout: 1 } }, data);
      expect(status).toBe(504);
      expect(body.error).toBeTruthy();
    });
  });

  describe('models of the repository', () => {
    it('run on raw tensors, the same ones from JSON and from binary data', async () => {
      const { body: metadata } = await client.get<OipMetadata>('/v2/models/nanodet');
      const [input] = metadata.inputs;
      const shape = input!.shape.map((size) => (size === -1 ? 1 : size));
      const size = shape.reduce((product, dimension) => product * dimension, 1);
      const isFloat = input!.datatype === 'FP32';
      const values = Array.from({ length: size }, (_, index) => (index * 7) % 256);
      const bytes = isFloat ? Buffer.from(Float32Array.from(values).buffer) : Buffer.from(values);
      const tensor = { name: input!.name, shape, datatype: input!.datatype };
      const binary = await client.infer(
        'nanodet',
        { inputs: [{ ...tensor, parameters: { binary_data_size: bytes.length } }], parameters: { binary_data_output: true } },
        bytes,
      );
      expect(binary.body.error).toBeUndefined();
      expect(binary.headers.get('x-model-fingerprint')).toMatch(/^sha256:/);
      expect(binary.body).toMatchObject({
        model_name: 'nanodet',
        model_version: '3.0.4',
        parameters: { model_fingerprint: binary.headers.get('x-model-fingerprint') },
      });
      expect(binary.body.outputs.map(({ name }) => name)).toEqual(metadata.outputs.map(({ name }) => name));
      const [output] = metadata.outputs;
      const json = await client.infer('nanodet', { inputs: [{ ...tensor, data: values }], outputs: [{ name: output!.name }] });
      expect(json.body.outputs).toHaveLength(1);
      expect(json.body.outputs[0]!.data).toEqual(floats(binary.binary.get(output!.name)));
      expect(json.body.outputs[0]!.data!.length).toBeGreaterThan(1_000);
    });

    it('refuse tensors that do not fit before they reach an engine process', async () => {
      const { body: metadata } = await client.get<OipMetadata>('/v2/models/nanodet');
      const { name, datatype } = metadata.inputs[0]!;
      const reply = await client.infer('nanodet', { inputs: [{ name, datatype, shape: [1], data: [1] }] });
      expect(reply.status).toBe(400);
      expect(reply.body.error).toContain(`input "${name}" has shape [1], the model takes [`);
    });

    it('are unloaded, are still ready, and are loaded again by the next request', async () => {
      const loaded = () => fixture.pool.status.models.find(({ name }) => name === 'centernet')!.loaded;
      const state = async () => (await client.post<Index>('/v2/repository/index')).body.find(({ name }) => name === 'centernet');
      expect((await client.post('/v2/repository/models/centernet/load')).status).toBe(200);
      expect(loaded()).toBe(true);
      expect(await state()).toEqual({ name: 'centernet', version: expect.any(String), state: 'READY', reason: '' });
      expect((await client.post('/v2/repository/models/centernet/unload', '{"parameters":{"unload_dependents":false}}')).status).toBe(200);
      await until(() => !loaded());
      expect(await state()).toMatchObject({ state: 'READY', reason: 'not loaded: the first request loads it' });
      expect(await client.get('/v2/models/centernet/ready')).toMatchObject({ status: 200, body: { name: 'centernet', ready: true } });
      const { fields, data } = picture(photo);
      const { body } = await client.infer('object_detection', { inputs: [fields], parameters: { model: 'centernet' } }, data);
      expect(body.parameters.model_name).toBe('centernet');
      expect(loaded()).toBe(true);
    });

    it('are loaded by the name of a task that they do, and identity takes neither', async () => {
      expect((await client.post('/v2/repository/models/object_detection/load')).status).toBe(200);
      expect((await client.post('/v2/repository/models/identity/load')).status).toBe(200);
      expect((await client.post('/v2/repository/models/identity/unload')).status).toBe(400);
    });

    it.each<[string, string | undefined, number]>([
      ['/v2/repository/models/nothing/load', undefined, 404],
      ['/v2/repository/models/__proto__/load', undefined, 404],
      ['/v2/repository/models/nothing/unload', undefined, 404],
      ['/v2/repository/models/nanodet/load', '{"parameters":{"config":"{}"}}', 400],
      ['/v2/repository/models/nanodet/load', '{"parameters":{"file:1/model.onnx":"AAAA"}}', 400],
      ['/v2/repository/models/nanodet/load', '[', 400],
      ['/v2/repository/index', '{"ready":"yes"}', 400],
      ['/v2/repository/index', '[]', 400],
    ])('%s with %s is refused', async (path, body, status) => {
      const reply = await client.post<{ error: string }>(path, body);
      expect(reply.status).toBe(status);
      expect(reply.body.error).toBeTruthy();
    });
  });

  describe('statistics', () => {
    it('count what went well, what failed, and where the time went', async () => {
      const read = async () => (await client.get<Statistics>('/v2/models/person_detection/stats')).body.model_stats[0]!;
      const before = await read();
      const { fields, data } = picture(photo, photo);
      await client.infer('person_detection', { inputs: [fields] }, data);
      await client.infer('person_detection', { inputs: [] });
      const after = await read();
      const grown = (name: string) => after.inference_stats[name]!.count - before.inference_stats[name]!.count;
      expect(after.inference_count - before.inference_count).toBe(2);
      expect(after.execution_count - before.execution_count).toBe(2);
      expect(['success', 'fail', 'queue', 'compute_input', 'compute_infer', 'compute_output'].map(grown)).toEqual([1, 1, 1, 1, 1, 1]);
      const spent = (name: string) => after.inference_stats[name]!.ns - before.inference_stats[name]!.ns;
      expect(spent('compute_infer')).toBeGreaterThan(0);
      expect(spent('compute_input')).toBeGreaterThan(0);
      expect(after.last_inference).toBeGreaterThan(Date.now() - 60_000);
      expect(after.batch_stats).toHaveLength(1);
    });

    it('count what other surfaces answer too', async () => {
      const count = async () => (await client.get<Statistics>('/v2/models/person_detection/stats')).body.model_stats[0]!.inference_stats;
      const before = await count();
      const frame = { uri: 'opennvr://camera_0/latest.jpg' };
      await ask(http, 'POST', '/infer', { task: 'person_detection', input: { frame } });
      await ask(http, 'POST', '/pipeline/run', { steps: ['person_detection'], data: { frame } });
      const after = await count();
      expect(after.success!.count - before.success!.count).toBe(2);
      expect(after.compute_infer!.ns).toBeGreaterThan(before.compute_infer!.ns);
    });

    it('list every version of every model', async () => {
      const { body } = await client.get<Statistics>('/v2/models/stats');
      const { body: index } = await client.post<Index>('/v2/repository/index');
      expect(body.model_stats.map(({ name, version }) => [name, version])).toEqual(index.map(({ name, version }) => [name, version]));
    });
  });
});
