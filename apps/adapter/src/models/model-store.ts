import type { Logger } from '@nightjar/runtime';
import type { ConvertedModelCache } from './converted-model-cache.js';
import { loadModel } from './load-model.js';
import type { LoadedModel } from './loaded-model.js';
import type { ModelManifest } from './model-manifest.js';
import type { ModelRepository } from './model-repository.js';

/** What is known of one model in this process. */
export interface ModelState {
  readonly manifest: ModelManifest;
  readonly fingerprint: string | undefined;
  readonly loaded: LoadedModel | undefined;
  readonly problem: string | undefined;
}

/** The models of this process: loaded on first use, each once however many ask. */
export class ModelStore {
  private readonly loading = new Map<string, Promise<LoadedModel>>();
  private readonly loaded = new Map<string, LoadedModel>();
  /** Fingerprint of the verified files, or what is wrong with them. */
  private readonly verified = new Map<string, { fingerprint?: string; problem?: string }>();

  constructor(private readonly options: { repository: ModelRepository; cache: ConvertedModelCache; logger: Logger }) {}

  /** Reads and verifies the files of every model, so that it is known which ones can be offered. */
  async verifyAll(): Promise<void> {
    const { repository, logger } = this.options;
    for (const { name } of repository.list()) {
      try {
        const { fingerprint } = await repository.open(name);
        this.verified.set(name, { fingerprint });
      } catch (error) {
        logger.warn('a model cannot be used', { model: name, error });
        this.verified.set(name, { problem: error instanceof Error ? error.message : 'unreadable' });
      }
    }
  }

  /** @throws AppError `not_found` or `model_error`; the next call tries again */
  async get(name: string): Promise<LoadedModel> {
    const pending = this.loading.get(name) ?? this.load(name);
    this.loading.set(name, pending);
    try {
      return await pending;
    } catch (error) {
      this.loading.delete(name);
      throw error;
    }
  }

  isLoaded(name: string): boolean {
    return this.loaded.has(name);
  }

  states(): ModelState[] {
    return this.options.repository.list().map((manifest) => ({
      manifest,
      fingerprint: this.verified.get(manifest.name)?.fingerprint,
      loaded: this.loaded.get(manifest.name),
      problem: this.verified.get(manifest.name)?.problem,
    }));
  }

  private async load(name: string): Promise<LoadedModel> {
    const startedMs = performance.now();
    const model = await loadModel(name, this.options);
    this.loaded.set(name, model);
    const { precision, fingerprint } = model;
    this.options.logger.info('model loaded', { model: name, precision, fingerprint, ms: Math.round(performance.now() - startedMs) });
    return model;
  }
}
