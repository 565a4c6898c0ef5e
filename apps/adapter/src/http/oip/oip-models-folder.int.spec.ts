import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { samplePictures } from '@nightjar/testing';
import { tinyArithmetic, tinyClassifier, tinyHalfEmbedder } from '../../models/tiny-models.fixture.js';
import { AdapterFixture } from '../adapter.fixture.js';
import { prefixed } from './oip-bodies.fixture.js';
import { OipClient } from './oip-client.fixture.js';

const picture = { widthPixels: 32, heightPixels: 32, deviation: [255, 255, 255] };
const crowdLevel = {
  name: 'crowd_level',
  description: 'Says whether many people are on the picture',
  needs: ['detector'],
  input: { type: 'object', properties: { crowded_from: { type: 'integer', default: 10 } } },
  output: { type: 'object', properties: { people: { type: 'integer' }, crowded: { type: 'boolean' } } },
  example: { input: { crowded_from: 2 }, body: { people: 12, crowded: true } },
};
const crowdModule = `export default async ({ input, call }) => {
  const { objects } = await call('detect_objects', { labels: ['person'] });
  return { people: objects.length, crowded: objects.length >= input.crowded_from };
};`;

describe("an operator's own models over the Open Inference Protocol", () => {
  let folder: string;
  let fixture: AdapterFixture;
  let client: OipClient;

  const drop = async (place: string, file: string, content: string | Uint8Array) => {
    await mkdir(path.join(folder, place), { recursive: true });
    await writeFile(path.join(folder, place, file), content);
  };
  const dropModel = async (place: string, file: Uint8Array, manifest: object) => {
    await drop(`models/${place}`, 'model.onnx', file);
    const [name, version = '1'] = place.split('/');
    await drop(
      `models/${place}`,
      'model.json',
      JSON.stringify({ name, version, format: 'onnx', files: [{ path: 'model.onnx' }], ...manifest }),
    );
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'nightjar-oip-'));
    for (const version of ['9', '10']) await dropModel(`arithmetic/${version}`, tinyArithmetic(), { description: `version ${version}` });
    await dropModel('half', tinyHalfEmbedder({ sidePixels: 8 }), {});
    await dropModel('colour-vector', tinyClassifier({ sidePixels: 32 }), { input: picture, decoder: 'embedding' });
    await dropModel('broken', Buffer.from('no model'), { files: [{ path: 'gone.onnx' }] });
    // A task has this name too, and is what the name means.
    await dropModel('object_detection', tinyArithmetic(), {});
    await drop('tasks/crowd_level', 'task.json', JSON.stringify(crowdLevel));
    await drop('tasks/crowd_level', 'task.mjs', crowdModule);
    fixture = await AdapterFixture.start({ engine: { modelsDir: path.join(folder, 'models'), tasksDir: path.join(folder, 'tasks') } });
    client = new OipClient(await fixture.open());
  });
  afterAll(async () => {
    await fixture.close();
    await rm(folder, { recursive: true, force: true });
  });

  const rows = { name: 'x', shape: [2, 2], datatype: 'FP32', data: [1, 2, 3, -4] };

  it('run on tensors of any number of rows', async () => {
    const { status, headers, body } = await client.infer('arithmetic', { inputs: [rows] });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      model_name: 'arithmetic',
      parameters: { model_fingerprint: headers.get('x-model-fingerprint') },
      outputs: [
        { name: 'doubled', datatype: 'FP32', shape: [2, 2], data: [2, 4, 6, -8] },
        { name: 'negated', datatype: 'FP32', shape: [2, 2], data: [-1, -2, -3, 4] },
      ],
    });
    const raw = await client.inferBytes('arithmetic', Buffer.from(Float32Array.from([1, 2, 3, 4, 5, 6]).buffer), {
      'Inference-Header-Content-Length': '0',
    });
    expect(raw.body.outputs[0]).toMatchObject({ name: 'doubled', shape: [3, 2], parameters: { binary_data_size: 24 } });
  });

  it('refuse a tensor that holds nothing', async () => {
    const { status, body } = await client.infer('arithmetic', { inputs: [{ ...rows, shape: [0, 2], data: [] }] });
    expect([status, body.error]).toEqual([400, 'input "x" has shape [0, 2]: it holds nothing']);
  });

  it('answer in the version that was asked for, and in the highest one where none was', async () => {
    expect((await client.infer('arithmetic', { inputs: [rows] })).body.model_version).toBe('10');
    expect((await client.infer('arithmetic/versions/9', { inputs: [rows] })).body.model_version).toBe('9');
    expect((await client.infer('arithmetic/versions/1', { inputs: [rows] })).status).toBe(404);
    const { body } = await client.get('/v2/models/arithmetic');
    expect(body).toMatchObject({ versions: ['10', '9'], platform: 'onnxruntime_onnx', parameters: { description: 'version 10' } });
    const { body: stats } = await client.get<{ model_stats: { version: string; inference_count: number }[] }>(
      '/v2/models/arithmetic/stats',
    );
    expect(stats.model_stats.map(({ version }) => version)).toEqual(['10', '9']);
    expect(stats.model_stats.every(({ inference_count: count }) => count >= 1)).toBe(true);
  });

  it('take and give 16-bit floats', async () => {
    const size = 8 * 8 * 3;
    const input = { name: 'images', shape: [1, 8, 8, 3], datatype: 'FP16', data: Array<number>(size).fill(0.5) };
    const { body } = await client.infer('half', { inputs: [input] });
    expect(body.outputs).toEqual([{ name: 'embedding', datatype: 'FP16', shape: [1, 3], data: [0.5, 0.5, 0.5] }]);
  });

  it('that cannot be used say why, and are not ready', async () => {
    const { status, body } = await client.get('/v2/models/broken/ready');
    expect(status).toBe(503);
    expect(body).toMatchObject({ name: 'broken', ready: false, error: expect.stringMatching(/\S/) });
    const infer = await client.infer('broken', { inputs: [rows] });
    expect([infer.status, infer.body.error]).toEqual([503, `model "broken" cannot be used: ${String(body.error)}`]);
    const { body: index } = await client.post<{ name: string; state: string; reason: string }[]>('/v2/repository/index');
    expect(index.find(({ name }) => name === 'broken')).toMatchObject({ state: 'UNAVAILABLE', reason: body.error });
    const { body: ready } = await client.post<{ name: string }[]>('/v2/repository/index', '{"ready":true}');
    expect(ready.map(({ name }) => name)).not.toContain('broken');
    expect(ready.map(({ name }) => name)).toContain('arithmetic');
  });

  it('give way to a task of the same name', async () => {
    expect((await client.get('/v2/models/object_detection')).body.platform).toBe('nightjar_task');
  });

  it('answer tasks with tensors that need no reading, for all pictures of a request', async () => {
    const pictures = await Promise.all([samplePictures[0]!, samplePictures[1]!].map((file) => readFile(file)));
    const data = prefixed(...pictures);
    const image = { name: 'image', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: data.length } };
    const { body } = await client.infer('image_embedding', { inputs: [image], outputs: [{ name: 'embedding' }] }, data);
    const [embedding] = body.outputs;
    expect(embedding).toMatchObject({ datatype: 'FP32', shape: [2, 3] });
    expect(embedding!.data).toHaveLength(6);
  });

  it('are joined by tasks of the operator', async () => {
    const data = prefixed(await readFile(samplePictures[0]!));
    const image = { name: 'image', shape: [1], datatype: 'BYTES', parameters: { binary_data_size: data.length } };
    const { status, body } = await client.infer('crowd_level', { inputs: [image], parameters: { crowded_from: 2 } }, data);
    expect(status).toBe(200);
    expect(body.outputs.map(({ name }) => name)).toEqual(['result']);
    expect(JSON.parse(body.outputs[0]!.data![0] as string)).toMatchObject({ task: 'crowd_level', crowded: true });
  });

  it('that were removed are gone once the folders were looked at again', async () => {
    await rm(path.join(folder, 'models', 'half'), { recursive: true });
    await fixture.pool.rescan({ timeoutMs: 30_000 });
    expect((await client.get('/v2/models/half')).status).toBe(404);
    expect((await client.get('/v2/models/half/ready')).status).toBe(404);
  });
});
