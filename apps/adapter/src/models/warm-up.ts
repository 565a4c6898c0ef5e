import { AppError } from '@nightjar/runtime/app-error';
import type { Tensors } from '../backends/tensor.js';
import { checkOutputs } from './decoder-outputs.js';
import type { LoadedModel, TensorSession } from './loaded-model.js';
import type { ModelManifest } from './model-manifest.js';
import { checkPicture } from './precision-check.js';
import { runOnPixels } from './run-on-pixels.js';

/**
 * Runs a model that looks at pictures once, on a picture that is the same everywhere, and reads what comes out.
 * @returns its outputs; undefined for a model that takes no pictures
 * @throws AppError `model_error` that says what does not fit the manifest; Error of the runtime
 */
export async function checkedRun(
  manifest: ModelManifest,
  { session, takes }: Pick<LoadedModel<TensorSession>, 'session' | 'takes'>,
): Promise<Tensors | undefined> {
  if (!takes) return undefined;
  const model = { manifest, session, takes } as LoadedModel<TensorSession>;
  const outputs = await runOnPixels(model, checkPicture(takes.widthPixels, takes.heightPixels));
  try {
    requireNumbers(outputs);
    checkOutputs(manifest, outputs);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'its outputs cannot be read';
    throw new AppError('model_error', `model "${manifest.name}": ${reason}`, { cause });
  }
  return outputs;
}

/** Weights that are broken, or a precision that they don't stand, show up as NaN, which no later stage would notice everywhere. */
function requireNumbers(outputs: Tensors): void {
  for (const [name, { data }] of outputs) {
    if (data instanceof Float32Array && data.some(Number.isNaN)) {
      throw new Error(`output "${name}" of the model holds values that are not a number`);
    }
  }
}
