import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@nightjar/runtime';
import { samplePictures } from '@nightjar/testing';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { nanodet } from '../../models/builtin/nanodet/manifest.js';
import { ConvertedModelCache } from '../../models/converted-model-cache.js';
import { detect, expectSameObjects } from '../../models/detected.fixture.js';
import { openDroppedModels } from '../../models/dropped-models.fixture.js';
import type { LoadedModel } from '../../models/loaded-model.js';
import { loadConvertedGraph } from '../../models/loaders/load-converted-graph.js';
import { tensorflowLoader } from '../../models/loaders/load-tensorflow.js';
import type { LoadingTools } from '../../models/model-loader.js';
import { ModelRepository, type OpenedModel } from '../../models/model-repository.js';
import type { Tensorflow } from './tensorflow-runtime.js';

/** TensorFlow.js on WebAssembly: slow, but it runs where nothing is installed. */
async function wasmTensorflow(): Promise<{ tensorflow: Tensorflow; device: string }> {
  const folder = path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  setWasmPaths(`${folder}${path.sep}`);
  await tf.setBackend('wasm');
  return { tensorflow: tf as unknown as Tensorflow, device: 'cpu' };
}

describe('models that TensorFlow.js runs', () => {
  let folder: string;
  let opened: OpenedModel;
  let tools: LoadingTools;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'nightjar-tensorflow-'));
    const logger = createLogger({ service: 'test', level: 'silent' });
    tools = { cache: new ConvertedModelCache(folder, logger), providers: ['cpu'], missingProviders: [], logger };
    opened = { ...(await new ModelRepository().open('nanodet')), activationRanges: undefined };
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('find the same objects as the same models converted to ONNX', async () => {
    const common = { manifest: nanodet.manifest, kind: 'detector', fingerprint: opened.verified.fingerprint } as const;
    const asItIs: LoadedModel = { ...common, ...(await tensorflowLoader(wasmTensorflow)(opened, tools)) };
    const converted: LoadedModel = { ...common, ...(await loadConvertedGraph(opened, tools)) };
    const [photo] = samplePictures;
    const expected = await detect(photo!, asItIs);
    expect(expected.length).toBeGreaterThanOrEqual(2);
    expectSameObjects(await detect(photo!, converted), expected, { iouMin: 0.98, scoreAbs: 0.01 });
    const tensors = tf.memory().numTensors;
    await detect(photo!, asItIs);
    expect(tf.memory().numTensors).toBe(tensors);
    await Promise.all([asItIs, converted].map(({ session }) => session.release()));
  });

  it('are listed, and say what to install, where no TensorFlow is', async () => {
    const models = await openDroppedModels();
    const topology = JSON.stringify({ modelTopology: { node: [] }, weightsManifest: [] });
    await models.drop({ name: 'saved', format: 'tensorflow', files: [{ path: 'model.json.txt' }] }, { 'model.json.txt': topology });
    expect(models.problemOf('saved')).toContain('npm install @tensorflow/tfjs-node');
    await expect(models.store.load('saved')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('npm install @tensorflow/tfjs-node'),
    });
    await models.remove();
  });
});
