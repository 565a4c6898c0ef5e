import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@nightjar/runtime';
import { samplePictures } from '@nightjar/testing';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { OnnxSession } from '../backends/onnx/onnx-session.js';
import { runWork } from '../engine-tasks/run-work.js';
import type { EngineTasks } from '../engine/engine-tasks.js';
import { Picture } from '../pictures/picture.js';
import { ConvertedModelCache } from './converted-model-cache.js';
import { loadModel } from './load-model.js';
import type { LoadedModel } from './loaded-model.js';
import { nanodet } from './builtin/nanodet/manifest.js';
import { readVerified } from './model-files.js';
import { requireInput } from './model-manifest.js';
import { ModelRepository } from './model-repository.js';
import { nanodetOutputs } from './decoders/nanodet-decoder.js';
import { convertGraphModel, type GraphModelConversion } from './tfjs-to-onnx/convert-graph-model.js';
import { GraphModelJson } from './tfjs-to-onnx/graph-model.js';
import { readWeights } from './tfjs-to-onnx/weights-reader.js';

const inputPixels = 416;
const input = requireInput(nanodet.manifest);
const logger = createLogger({ service: 'test', level: 'silent' });

/** The photo as the graph itself wants it: [1, 3, 416, 416], BGR, normalised. */
function normalise(rgb: Uint8Array): Float32Array {
  const { mean, deviation } = input;
  const plane = inputPixels * inputPixels;
  const out = new Float32Array(3 * plane);
  for (let pixel = 0; pixel < plane; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      out[channel * plane + pixel] = (rgb[pixel * 3 + (2 - channel)]! - mean[channel]!) / deviation[channel]!;
    }
  }
  return out;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

describe('NanoDet, converted from TensorFlow.js', () => {
  let topology: tf.io.ModelArtifacts['modelTopology'];
  let model: GraphModelJson;
  let weightBytes: Uint8Array;
  let photo: Uint8Array;
  let conversion: GraphModelConversion;
  let cacheDirectory: string;

  const run = async (bytes: Uint8Array, input: Tensor): Promise<Record<string, Float32Array>> => {
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
    const outputs = await session.run({ input });
    await session.release();
    return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.data as Float32Array]));
  };
  const load = (repository = new ModelRepository()): Promise<LoadedModel> =>
    loadModel('nanodet', {
      repository,
      cache: new ConvertedModelCache(cacheDirectory, logger),
      logger,
      providers: ['cpu'],
      missingProviders: [],
    });

  /** Persons on a picture, found with this very model. */
  const detect = async (jpeg: Uint8Array, { model, minScore }: { model: LoadedModel; minScore: number }) => {
    const work = { steps: [{ task: 'detect_objects', options: { labels: ['person'], minScore } }], pictures: [jpeg] } as const;
    const { result } = await runWork(work, { use: () => Promise.resolve(model), has: () => true });
    const [outcome] = result.steps;
    if (!outcome?.ok) throw new Error(outcome?.message);
    return outcome.result as EngineTasks['detect_objects']['result'];
  };

  beforeAll(async () => {
    const { verified } = await new ModelRepository().open('nanodet');
    const [graph, weights] = await Promise.all(verified.files.map((file) => readVerified(verified, file)));
    const json = JSON.parse(Buffer.from(graph!).toString('utf8')) as { modelTopology: typeof topology };
    topology = json.modelTopology;
    model = GraphModelJson.parse(json);
    weightBytes = weights!;
    conversion = { model, weights: await readWeights(model.weightsManifest, async () => weightBytes) };
    const picture = new Picture(await readFile(samplePictures[0]!));
    photo = (await picture.stretch({ widthPixels: inputPixels, heightPixels: inputPixels })).data;
    cacheDirectory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-models-'));
  });
  afterAll(() => rm(cacheDirectory, { recursive: true, force: true }));

  it('computes what TensorFlow.js computes', async () => {
    const wasmDirectory = path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
    setWasmPaths(`${wasmDirectory}${path.sep}`);
    await tf.setBackend('wasm');
    const reference = await tf.loadGraphModel({
      load: async () => ({
        modelTopology: topology,
        weightSpecs: model.weightsManifest[0]!.weights as tf.io.WeightsManifestEntry[],
        weightData: Uint8Array.from(weightBytes).buffer,
      }),
    });
    const floats = normalise(photo);
    const expected = reference.execute(tf.tensor4d(floats, [1, 3, inputPixels, inputPixels]), [...nanodetOutputs]) as tf.Tensor[];
    const actual = await run(convertGraphModel(conversion), new Tensor('float32', floats, [1, 3, inputPixels, inputPixels]));

    for (const [index, name] of nanodetOutputs.entries()) {
      // Fp32 rounding: class scores are at most 1, distances (logits) at most about 10.
      const tolerance = name.match(/^Identity(_[12])?$/) ? 1e-5 : 1e-4;
      expect(largestDifference(expected[index]!.dataSync(), actual[name]!)).toBeLessThan(tolerance);
    }
    tf.dispose(expected);
    reference.dispose();
  });

  it('normalises inside the graph as it is done outside', async () => {
    const outside = await run(convertGraphModel(conversion), new Tensor('float32', normalise(photo), [1, 3, inputPixels, inputPixels]));
    const inside = await run(
      convertGraphModel({ ...conversion, picture: input }),
      new Tensor('uint8', photo, [1, inputPixels, inputPixels, 3]),
    );
    for (const name of nanodetOutputs) expect(largestDifference(outside[name]!, inside[name]!)).toBeLessThan(1e-3);
  });

  it('answers the same for a picture alone and in a batch', async () => {
    const bytes = convertGraphModel({ ...conversion, picture: input, dynamicBatch: true });
    const single = await run(bytes, new Tensor('uint8', photo, [1, inputPixels, inputPixels, 3]));
    const batch = await run(bytes, new Tensor('uint8', Buffer.concat([photo, photo]), [2, inputPixels, inputPixels, 3]));
    for (const name of nanodetOutputs) {
      const second = batch[name]!.subarray(single[name]!.length);
      expect(largestDifference(single[name]!, second)).toBeLessThan(1e-5);
    }
  });

  it('finds two to four of the three persons on the photo, and keeps the converted files', async () => {
    const loaded = await load();
    const { objects, picture } = await detect(await readFile(samplePictures[0]!), { model: loaded, minScore: 0.45 });
    await loaded.session.release();
    expect(picture).toEqual({ width: 1920, height: 1280 });
    expect(objects.length).toBeGreaterThanOrEqual(2);
    expect(objects.length).toBeLessThanOrEqual(4);
    for (const { box, label } of objects) {
      expect(label).toBe('person');
      expect(box.x2).toBeLessThanOrEqual(picture.width);
      expect(box.x2 - box.x1).toBeGreaterThan(50);
    }
    expect((await readdir(cacheDirectory)).map((name) => name.replace(/-[0-9a-f]{16}-/, '-*-')).sort()).toEqual([
      'nanodet-*-c4-fp32.onnx',
      'nanodet-*-c4-int8.onnx',
    ]);
  });

  it('scores persons in int8 as in fp32', async () => {
    const int8 = await load();
    const fp32Bytes = convertGraphModel({ ...conversion, picture: input });
    const fp32: LoadedModel = { ...int8, precision: 'fp32', session: await OnnxSession.create(fp32Bytes) };
    const jpeg = await readFile(samplePictures[0]!);
    const [fromInt8, fromFp32] = await Promise.all(
      [int8, fp32].map(async (loaded) => (await detect(jpeg, { model: loaded, minScore: 0.5 })).objects),
    );
    await Promise.all([int8, fp32].map(({ session }) => session.release()));
    expect(fromFp32!.length).toBeGreaterThan(0);
    for (const [index, person] of fromInt8!.entries()) expect(Math.abs(person.score - fromFp32![index]!.score)).toBeLessThan(0.1);
  });

  it('falls back to fp32 where int8 does not agree with it', async () => {
    const { activationRanges } = nanodet;
    const tooNarrow = new Map([...activationRanges!.keys()].map((place) => [place, { min: -0.01, max: 0.01 }]));
    const manifest = { ...nanodet.manifest, name: 'nanodet-with-wrong-ranges' };
    const repository = new ModelRepository({ builtin: [{ ...nanodet, manifest, activationRanges: tooNarrow }] });
    const cache = new ConvertedModelCache(cacheDirectory, logger);
    const loaded = await loadModel(manifest.name, { repository, cache, logger, providers: ['cpu'], missingProviders: [] });
    await loaded.session.release();
    expect(loaded.precision).toBe('fp32');
  });

  it('makes a damaged converted file again', async () => {
    await (await load()).session.release();
    const [damaged] = await readdir(cacheDirectory);
    await writeFile(path.join(cacheDirectory, damaged!), 'not a model');
    const loaded = await load();
    await loaded.session.release();
    expect((await readFile(path.join(cacheDirectory, damaged!))).length).toBeGreaterThan(1_000_000);
  });

  it('refuses weights whose hash is not the manifest’s', async () => {
    const files = nanodet.manifest.files.map((file) => ({ ...file, sha256: '0'.repeat(64) }));
    const changed = { ...nanodet, manifest: { ...nanodet.manifest, files } };
    await expect(load(new ModelRepository({ builtin: [changed] }))).rejects.toMatchObject({ code: 'model_error' });
  });
});
