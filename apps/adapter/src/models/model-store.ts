import { isDeepStrictEqual } from 'node:util';
import { AppError } from '@nightjar/runtime/app-error';
import type { Logger } from '@nightjar/runtime/logger';
import { missingTensorflow } from '../backends/tensorflow/tensorflow-runtime.js';
import { mayPass } from '../backends/onnx/onnx-errors.js';
import { chooseProviders, type ProviderChoice } from '../backends/onnx/execution-providers.js';
import type { EngineCatalogue, ExecutionProvider, ModelKind, ModelStatus } from '../engine/protocol.js';
import type { ConvertedModelCache } from './converted-model-cache.js';
import { loadModel } from './load-model.js';
import type { LoadedModel } from './loaded-model.js';
import { kindOf, needsProvider, takesTensors, type ModelManifest } from './model-manifest.js';
import type { ListedModel, ModelRepository } from './model-repository.js';
import { modelKey } from './model-version.js';

export interface ModelStoreOptions {
  readonly repository: ModelRepository;
  readonly cache: ConvertedModelCache;
  readonly defaultModels: Readonly<Record<string, string>>;
  /** Execution providers in order of preference; what is not in the list is never used. Absent: the CPU. */
  readonly providers?: readonly ExecutionProvider[] | undefined;
  /** For specs; default: tries them. */
  readonly choose?: typeof chooseProviders;
  readonly logger: Logger;
}

/** The models of this process: loaded on first use, each once however many ask. */
export class ModelStore {
  /** By `name@version`, as all maps here. */
  private readonly loading = new Map<string, Promise<LoadedModel>>();
  private readonly loaded = new Map<string, LoadedModel>();
  /** Models that were seen to be at fault, until the files are looked at again. */
  private readonly refused = new Map<string, AppError>();
  private choice: Promise<ProviderChoice> | undefined;
  private chosen: ProviderChoice = { available: [], missing: [] };

  constructor(private readonly options: ModelStoreOptions) {}

  /**
   * Looks at all models again and verifies their files, so that it is known which ones can be offered. A loaded model whose files
   * or manifest were replaced or removed is unloaded.
   */
  async verifyAll(): Promise<void> {
    const { repository, logger } = this.options;
    await this.providers();
    await repository.rescan();
    this.refused.clear();
    for (const { name, version, problem } of repository.list()) {
      if (problem !== undefined) logger.warn('a model cannot be used', { model: name, version, problem });
    }
    for (const [key, { fingerprint, manifest }] of this.loaded) {
      const listed = repository.list().find((model) => model.problem === undefined && modelKey(model) === key);
      const isSame = listed?.verified?.fingerprint === fingerprint && isDeepStrictEqual(listed.entry?.manifest, manifest);
      if (!isSame) await this.release(key);
    }
  }

  /**
   * `name@version` of the model that is meant: the named one, or the default of its kind. Kind `tensors` goes for all that can be
   * run on tensors.
   * @param reference `name`, or `name@version`
   * @throws AppError `not_found`, `invalid_argument` (of another kind), `model_error` (its files are broken)
   */
  resolve(kind: ModelKind, reference = this.defaultOf(kind)): string {
    if (reference === undefined) throw new AppError('not_found', `there is no model of kind ${kind}`);
    const { manifest } = this.options.repository.find(reference);
    const isOfKind = kindOf(manifest) === kind || (kind === 'tensors' && takesTensors(manifest.format));
    if (!isOfKind) throw new AppError('invalid_argument', `model "${manifest.name}" is no ${kind}`);
    return modelKey(manifest);
  }

  /** `name@version` of the model that a reference means, of whatever kind. @throws AppError `not_found`, `model_error` */
  resolveAny(reference: string): string {
    return modelKey(this.options.repository.find(reference).manifest);
  }

  /** Whether a model, by `name@version`, is in memory. */
  isLoaded(key: string): boolean {
    return this.loaded.has(key);
  }

  /** Whether `use` would find such a model. */
  has(kind: ModelKind, reference?: string): boolean {
    try {
      return !this.refused.has(this.resolve(kind, reference));
    } catch {
      return false;
    }
  }

  /** The named model, or the default of its kind, loaded. @throws AppError as `resolve` and `load` do */
  async use(kind: ModelKind, reference?: string): Promise<LoadedModel> {
    return this.load(this.resolve(kind, reference));
  }

  /** @throws AppError `not_found`; `model_error`, from then on without trying; `unavailable`, which the next call tries again */
  async load(reference: string): Promise<LoadedModel> {
    const key = modelKey(this.options.repository.find(reference).manifest);
    const refusal = this.refused.get(key);
    if (refusal) throw refusal;
    const pending = this.loading.get(key) ?? this.open(key);
    this.loading.set(key, pending);
    try {
      return await pending;
    } catch (error) {
      this.loading.delete(key);
      if (error instanceof AppError && error.code === 'model_error') this.refused.set(key, error);
      throw error;
    }
  }

  /** Gives a model's memory back; it is loaded again on its next use. A name without version means all versions of it. */
  async unload(reference: string): Promise<void> {
    const keys = [...this.loading.keys()].filter((key) => key === reference || key.startsWith(`${reference}@`));
    for (const key of keys) await this.release(key);
  }

  /** How many models are loaded; grows when a step loads one. */
  get loadedCount(): number {
    return this.loaded.size;
  }

  /** Providers that were asked for and can't be had here; known after `verifyAll`. */
  get missingProviders(): EngineCatalogue['missingProviders'] {
    return this.chosen.missing;
  }

  /**
   * Tries providers again that failed for what may have passed, as a GPU that was full when this process began.
   * @returns whether there is one more
   */
  async retryProviders(): Promise<boolean> {
    const again = this.chosen.missing.filter(({ reason }) => mayPass(reason)).map(({ provider }) => provider);
    if (again.length === 0) return false;
    const { available, missing } = await this.choose(again);
    if (available.length === 0) return false;
    const has = (provider: ExecutionProvider) => this.chosen.available.includes(provider) || available.includes(provider);
    this.chosen = {
      available: (this.options.providers ?? ['cpu']).filter(has),
      missing: [...this.chosen.missing.filter(({ provider }) => !again.includes(provider)), ...missing],
    };
    this.choice = Promise.resolve(this.chosen);
    this.options.logger.info('execution providers can be had now', { providers: available });
    return true;
  }

  states(): ModelStatus[] {
    const { repository } = this.options;
    const listed = repository.list();
    const kinds = new Set(listed.flatMap(({ entry }) => (entry ? [kindOf(entry.manifest)] : [])));
    const defaults = new Set([...kinds].map((kind) => this.defaultKey(kind)));
    return listed.map((model) =>
      model.entry ? this.stateOf(model, { manifest: model.entry.manifest, defaults }) : unreadableState(model),
    );
  }

  private stateOf(
    { problem, verified }: ListedModel,
    { manifest, defaults }: { manifest: ModelManifest; defaults: ReadonlySet<string | undefined> },
  ): ModelStatus {
    const { name, version, description, licence, labels, format } = manifest;
    const key = modelKey(manifest);
    const loaded = this.loaded.get(key);
    const session = loaded?.session.type === 'tensors' ? loaded.session : undefined;
    const whyNot = problem ?? this.refused.get(key)?.message ?? this.withoutProvider(manifest);
    return {
      name,
      version,
      kind: kindOf(manifest),
      description,
      framework: format,
      licence,
      labels,
      sizeBytes: verified?.sizeBytes ?? 0,
      isDefault: whyNot === undefined && defaults.has(key),
      device: loaded?.device ?? this.chosen.available[0] ?? 'none',
      loaded: loaded !== undefined,
      fingerprint: verified?.fingerprint,
      precision: loaded?.precision,
      inputs: session?.inputs,
      outputs: session?.outputs,
      memoryBytes: undefined,
      problem: whyNot,
    };
  }

  /** Nothing stands in for providers that the configuration names and this machine lacks. */
  private withoutProvider({ format }: ModelManifest): string | undefined {
    if (format === 'tensorflow') return missingTensorflow();
    if (this.chosen.available.length > 0 || !needsProvider(format) || this.chosen.missing.length === 0) return undefined;
    const reasons = this.chosen.missing.map(({ provider, reason }) => `${provider}: ${reason}`).join('; ');
    return `no configured execution provider can be had here (${reasons})`;
  }

  /** `name@version`; undefined when the configured default isn't there or is broken, since nothing stands in for it. */
  private defaultKey(kind: ModelKind): string | undefined {
    try {
      return this.resolve(kind);
    } catch {
      return undefined;
    }
  }

  private defaultOf(kind: ModelKind): string | undefined {
    const { defaultModels, repository } = this.options;
    if (Object.hasOwn(defaultModels, kind)) return defaultModels[kind];
    return repository.list().find(({ problem, entry }) => problem === undefined && entry && kindOf(entry.manifest) === kind)?.name;
  }

  private async open(key: string): Promise<LoadedModel> {
    const startedMs = performance.now();
    const { repository, cache, logger } = this.options;
    const { available: providers, missing: missingProviders } = await this.providers();
    const model = await loadModel(key, { repository, cache, logger, providers, missingProviders });
    this.loaded.set(key, model);
    const { precision, device, fingerprint } = model;
    logger.info('model loaded', { model: key, precision, device, fingerprint, ms: Math.round(performance.now() - startedMs) });
    return model;
  }

  /** Tried once, when they are first needed: a GPU's context takes half a second. */
  private providers(): Promise<ProviderChoice> {
    this.choice ??= this.choose(this.options.providers ?? ['cpu']).then((choice) => {
      this.chosen = choice;
      for (const missing of choice.missing) this.options.logger.warn('an execution provider cannot be had', { ...missing });
      return choice;
    });
    return this.choice;
  }

  private choose(wanted: readonly ExecutionProvider[]): Promise<ProviderChoice> {
    return (this.options.choose ?? chooseProviders)(wanted);
  }

  private async release(key: string): Promise<void> {
    const model = this.loaded.get(key);
    this.loading.delete(key);
    this.loaded.delete(key);
    await model?.session.release();
  }
}

/** Of a model whose manifest can't be read. */
function unreadableState({ name, version, problem }: ListedModel): ModelStatus {
  return {
    name,
    version,
    kind: 'tensors',
    description: '',
    framework: 'unknown',
    licence: 'unknown',
    labels: [],
    sizeBytes: 0,
    isDefault: false,
    device: 'none',
    loaded: false,
    fingerprint: undefined,
    precision: undefined,
    inputs: undefined,
    outputs: undefined,
    memoryBytes: undefined,
    problem,
  };
}
