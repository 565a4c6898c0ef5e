import { AppError } from '@nightjar/runtime/app-error';
import { onnxFailure } from '../../backends/onnx/onnx-errors.js';
import type { ExecutionProvider } from '../../engine/protocol.js';
import type { LoadedParts, LoadingTools } from '../model-loader.js';

/**
 * Opens a model on the first of the providers that can run it. The later ones are tried because the configuration names them; that
 * one was passed over is logged.
 * @throws AppError `model_error` or `unavailable` with the last provider's reason; `unavailable` when none of them can be had
 */
export async function onFirstProvider(
  name: string,
  { providers, missingProviders, logger }: LoadingTools,
  open: (provider: ExecutionProvider) => Promise<LoadedParts>,
): Promise<LoadedParts> {
  let failure: AppError | undefined;
  for (const [index, provider] of providers.entries()) {
    try {
      return await open(provider);
    } catch (cause) {
      failure = onnxFailure(`model "${name}"`, cause);
      const next = providers[index + 1];
      if (next) logger.warn('a model cannot run on a provider', { model: name, provider, next, reason: failure.message });
    }
  }
  if (failure) throw failure;
  const reasons = missingProviders.map(({ provider, reason }) => `${provider}: ${reason}`).join('; ');
  throw new AppError('unavailable', `model "${name}": no configured execution provider can be had here (${reasons})`);
}
