import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@nightjar/runtime';
import { samplePictures } from '@nightjar/testing';
import type { ExecutionProvider } from '../../engine/protocol.js';
import { builtinModels } from '../../models/builtin/builtin-models.js';
import { ConvertedModelCache } from '../../models/converted-model-cache.js';
import { detect, expectSameObjects } from '../../models/detected.fixture.js';
import type { LoadedModel } from '../../models/loaded-model.js';
import { ModelRepository } from '../../models/model-repository.js';
import { ModelStore } from '../../models/model-store.js';
import { BatchingSession } from '../batching-session.js';
import { chooseProviders } from './execution-providers.js';

const { missing } = await chooseProviders(['cuda']);
const [absent] = missing;
if (absent) process.stdout.write(`NO GPU HERE: the GPU specs check nothing on this machine (${absent.provider}: ${absent.reason})\n`);

/** On a GPU floats are rounded otherwise (TF32); an object must not move or change for it. */
const sameObject = { iouMin: 0.98, scoreAbs: 0.01 };
/** CenterNet gives sides as pixels of the input instead of as a distribution: seen to move by 5 of 560 pixels. */
const sameSides = { iouMin: 0.95, scoreAbs: 0.01 };

describe('models on a GPU', () => {
  let folder: string;
  const stores: ModelStore[] = [];

  /** A store on one provider; int8 left out, which is for CPUs. */
  const open = async (...providers: ExecutionProvider[]): Promise<ModelStore> => {
    const logger = createLogger({ service: 'test', level: 'silent' });
    const builtin = builtinModels.map((model) => ({ ...model, activationRanges: undefined }));
    const repository = new ModelRepository({ builtin });
    const store = new ModelStore({ repository, cache: new ConvertedModelCache(folder, logger), defaultModels: {}, providers, logger });
    await store.verifyAll();
    stores.push(store);
    return store;
  };

  beforeAll(async () => (folder = await mkdtemp(path.join(os.tmpdir(), 'nightjar-gpu-'))));
  afterAll(async () => {
    for (const store of stores) for (const { name, loaded } of store.states()) if (loaded) await store.unload(name);
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['nanodet', sameObject],
    ['centernet', sameSides],
  ])('find what they find on the CPU: %s', async (name, tolerance) => {
    if (absent) return;
    const onGpu = await (await open('cuda')).load(name);
    const onCpu = await (await open('cpu')).load(name);
    expect({ device: onGpu.device, precision: onGpu.precision }).toEqual({ device: 'cuda', precision: 'fp32' });
    for (const photo of samplePictures) {
      const expected = await detect(photo, onCpu);
      expect(expected.length).toBeGreaterThan(0);
      expectSameObjects(await detect(photo, onGpu), expected, tolerance);
    }
  });

  it('find on photos that come together what they find on each alone', async () => {
    if (absent) return;
    const model: LoadedModel = await (await open('cuda')).load('nanodet');
    expect(model.session).toBeInstanceOf(BatchingSession);
    // As many as fill some of the batch sizes and leave others with gaps.
    const photos = [...samplePictures, ...samplePictures];
    const together = await Promise.all(photos.map((photo) => detect(photo, model)));
    for (const [index, photo] of photos.entries()) expectSameObjects(together[index]!, await detect(photo, model), sameObject);
  });

  it('come back after they were unloaded', async () => {
    if (absent) return;
    const store = await open('cuda');
    const before = await detect(samplePictures[0]!, await store.load('nanodet'));
    await store.unload('nanodet');
    expectSameObjects(await detect(samplePictures[0]!, await store.load('nanodet')), before, { iouMin: 0.999, scoreAbs: 0.001 });
  });

  it('use the next provider of the list where one cannot be had, and say so', async () => {
    if (absent) return;
    const store = await open('tensorrt', 'cuda');
    const withoutTensorrt = store.missingProviders.some(({ provider }) => provider === 'tensorrt');
    expect((await store.load('nanodet')).device).toBe(withoutTensorrt ? 'cuda' : 'tensorrt');
  });
});
