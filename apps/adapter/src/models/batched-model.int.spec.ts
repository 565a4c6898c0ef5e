import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@nightjar/runtime';
import { samplePictures } from '@nightjar/testing';
import { BatchingSession } from '../backends/batching-session.js';
import { OnnxSession } from '../backends/onnx/onnx-session.js';
import type { Tensors } from '../backends/tensor.js';
import { nanodet } from './builtin/nanodet/manifest.js';
import { ConvertedModelCache } from './converted-model-cache.js';
import { detect, expectSameObjects } from './detected.fixture.js';
import { openDroppedModels } from './dropped-models.fixture.js';
import type { LoadedModel } from './loaded-model.js';
import { ModelRepository } from './model-repository.js';
import { ModelStore } from './model-store.js';
import { tinyYolov8 } from './tiny-models.fixture.js';

const tiny = {
  format: 'onnx',
  files: [{ path: 'model.onnx' }],
  input: { widthPixels: 64, heightPixels: 64, deviation: [255, 255, 255] },
  decoder: 'yolov8',
  labels: ['red', 'other'],
  batching: { maxSize: 4, maxQueueDelayMs: 5 },
};

describe('a model that batches', () => {
  let folder: string;
  let batched: LoadedModel;
  let alone: LoadedModel;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'nightjar-batched-'));
    const logger = createLogger({ service: 'test', level: 'silent' });
    const cache = new ConvertedModelCache(folder, logger);
    const load = (batching?: { maxSize: number; maxQueueDelayMs: number }) => {
      const model = { ...nanodet, manifest: { ...nanodet.manifest, batching } };
      return new ModelStore({ repository: new ModelRepository({ builtin: [model] }), cache, defaultModels: {}, logger }).load('nanodet');
    };
    alone = await load();
    batched = await load({ maxSize: 3, maxQueueDelayMs: 20 });
  });
  afterAll(async () => {
    await Promise.all([alone, batched].map(({ session }) => session.release()));
    await rm(folder, { recursive: true, force: true });
  });

  it('finds on photos that come together what it finds on each alone', async () => {
    expect(batched.session).toBeInstanceOf(BatchingSession);
    expect(alone.session).not.toBeInstanceOf(BatchingSession);
    const photos = samplePictures.slice(0, 5);
    const together = await Promise.all(photos.map((photo) => detect(photo, batched)));
    for (const [index, photo] of photos.entries()) {
      const expected = await detect(photo, alone);
      expect(expected.length).toBeGreaterThan(0);
      expectSameObjects(together[index]!, expected, { iouMin: 0.99, scoreAbs: 0.005 });
    }
  });

  it('is one whose file takes several pictures; others stay as they are', async () => {
    const models = await openDroppedModels();
    await models.drop({ name: 'any', ...tiny }, { 'model.onnx': tinyYolov8({ sidePixels: 64, classes: 2 }) });
    await models.drop({ name: 'one', ...tiny }, { 'model.onnx': tinyYolov8({ sidePixels: 64, classes: 2, batch: 1 }) });
    expect((await models.store.load('any')).session).toBeInstanceOf(BatchingSession);
    expect((await models.store.load('one')).session).toBeInstanceOf(OnnxSession);
    await models.remove();
  });

  it('runs what waits together as one, and no batch holds more than the manifest allows', async () => {
    const models = await openDroppedModels();
    await models.drop({ name: 'any', ...tiny }, { 'model.onnx': tinyYolov8({ sidePixels: 64, classes: 2 }) });
    const { session } = await models.store.load('any');
    if (!(session instanceof BatchingSession)) throw new Error('it does not batch');
    const images: Tensors = new Map([['images', { type: 'float32', dims: [1, 3, 64, 64], data: new Float32Array(3 * 64 * 64) }]]);
    const sizes: number[] = [];
    const inner = (session as unknown as { session: OnnxSession }).session;
    const run = inner.run.bind(inner);
    inner.run = (inputs) => {
      sizes.push(inputs.get('images')!.dims[0]!);
      return run(inputs);
    };
    const outputs = await Promise.all(Array.from({ length: 10 }, () => session.run(images)));
    for (const output of outputs) expect(output.get('output0')!.dims).toEqual([1, 6, 84]);
    expect(sizes).toEqual([4, 4, 2]);
    await models.remove();
  });
});
