import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@nightjar/runtime';
import { builtinModels } from './builtin/builtin-models.js';
import { ConvertedModelCache } from './converted-model-cache.js';
import { ModelRepository } from './model-repository.js';
import { ModelStore } from './model-store.js';
import type { ModelKind } from '../engine/protocol.js';

const logger = createLogger({ service: 'test', level: 'silent' });

describe('the models that come with Nightjar', () => {
  let cacheDirectory: string;
  let store: ModelStore;

  beforeAll(async () => {
    cacheDirectory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-builtin-'));
    const cache = new ConvertedModelCache(cacheDirectory, logger);
    store = new ModelStore({ repository: new ModelRepository(), cache, defaultModels: {}, logger });
    await store.verifyAll();
  });
  afterAll(() => rm(cacheDirectory, { recursive: true, force: true }));

  it('are there with the files that their manifests mean', () => {
    expect(store.states().map(({ name, problem }) => ({ name, problem }))).toEqual(
      builtinModels.map(({ manifest: { name } }) => ({ name, problem: undefined })),
    );
    for (const { fingerprint } of store.states()) expect(fingerprint).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it.each([
    ['detector', 'nanodet'],
    ['face_detector', 'blazeface-back'],
    ['face_descriptor', 'faceres'],
    ['face_mesh', 'facemesh'],
    ['tensors', 'identity'],
  ] as const)('have a default of kind %s: %s', (kind: ModelKind, name) => {
    const defaults = store.states().filter((model) => model.kind === kind && model.isDefault);
    expect(defaults.map((model) => model.name)).toEqual([name]);
  });

  it.each(['centernet', 'blazeface-back', 'faceres', 'facemesh', 'identity'])('%s loads, and its outputs are read', async (name) => {
    const model = await store.load(name);
    expect(model.fingerprint).toBe(store.states().find((state) => state.name === name)?.fingerprint);
    await store.unload(name);
    expect(store.states().find((state) => state.name === name)?.loaded).toBe(false);
  });
});
