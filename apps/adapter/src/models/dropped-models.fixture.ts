import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createLogger } from '@nightjar/runtime';
import { ConvertedModelCache } from './converted-model-cache.js';
import { ModelRepository } from './model-repository.js';
import { ModelStore, type ModelStoreOptions } from './model-store.js';

/** A folder of operators' models with the store that an engine process would have. */
export interface DroppedModels {
  readonly folder: string;
  readonly store: ModelStore;
  /** Writes a model folder, manifest and files, and looks at the folder again. @returns the model's folder */
  drop(manifest: { name: string } & Record<string, unknown>, files: Readonly<Record<string, Uint8Array | string>>): Promise<string>;
  problemOf(name: string): string | undefined;
  remove(): Promise<void>;
}

export async function openDroppedModels(options: Partial<ModelStoreOptions> = {}): Promise<DroppedModels> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'nightjar-dropped-'));
  const logger = createLogger({ service: 'test', level: 'silent' });
  const modelsDir = path.join(folder, 'models');
  const store = new ModelStore({
    repository: new ModelRepository({ builtin: [], modelsDir }),
    cache: new ConvertedModelCache(path.join(folder, 'cache'), logger),
    defaultModels: {},
    logger,
    ...options,
  });
  await store.verifyAll();
  return {
    folder: modelsDir,
    store,
    drop: async (manifest, files) => {
      const target = path.join(modelsDir, manifest.name);
      for (const [name, content] of Object.entries({ ...files, 'model.json': JSON.stringify(manifest) })) {
        await mkdir(path.dirname(path.join(target, name)), { recursive: true });
        await writeFile(path.join(target, name), content);
      }
      await store.verifyAll();
      return target;
    },
    problemOf: (name) => store.states().find((state) => state.name === name)?.problem,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
