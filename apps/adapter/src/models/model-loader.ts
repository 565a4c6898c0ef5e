import type { Logger } from '@nightjar/runtime/logger';
import type { EngineCatalogue, ExecutionProvider } from '../engine/protocol.js';
import type { ConvertedModelCache } from './converted-model-cache.js';
import type { LoadedModel } from './loaded-model.js';
import type { OpenedModel } from './model-repository.js';

/** What loading works with. */
export interface LoadingTools {
  readonly cache: ConvertedModelCache;
  /** That were asked for and can be had here, in order of preference. */
  readonly providers: readonly ExecutionProvider[];
  readonly missingProviders: EngineCatalogue['missingProviders'];
  readonly logger: Logger;
}

/** What a format's loader gives. */
export type LoadedParts = Pick<LoadedModel, 'session' | 'precision' | 'device' | 'takes'>;

/**
 * Makes a session of a model's verified files and runs it once, so that the first request finds it warm and a model that does not
 * fit its manifest is refused.
 * @throws AppError with a reason that holds no path of this machine: `model_error` when the model is at fault, which is not tried
 * again until its files change; `unavailable` when the machine lacks something
 */
export type ModelLoader = (model: OpenedModel, tools: LoadingTools) => Promise<LoadedParts>;
