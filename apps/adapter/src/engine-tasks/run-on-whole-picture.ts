import type { BoxXyxy } from '@nightjar/geometry';
import { AppError } from '@nightjar/runtime/app-error';
import type { Tensors } from '../backends/tensor.js';
import type { ModelKind } from '../engine/protocol.js';
import { fitPicture, type FittedPicture } from '../models/fit-picture.js';
import { requireTensors, type LoadedModel, type TensorSession } from '../models/loaded-model.js';
import { requireInput } from '../models/model-manifest.js';
import { runOnPixels } from '../models/run-on-pixels.js';
import type { StepContext } from './engine-task.js';

/** A model and what it said of a picture. */
export interface PictureRun {
  readonly model: LoadedModel<TensorSession>;
  readonly fitted: FittedPicture;
  readonly outputs: Tensors;
}

/**
 * Runs a model on the whole picture, once for all steps of a request that want it.
 * @throws AppError as `StepContext.use` does, `invalid_argument` when the picture can't be decoded, `model_error`
 */
export async function runOnWholePicture(context: StepContext, wanted: { kind: ModelKind; name: string | undefined }): Promise<PictureRun> {
  const model = requireTensors(await context.use(wanted.kind, wanted.name));
  return context.once(`run:${model.manifest.name}:${model.fingerprint}`, async () => {
    const fitted = await fitPicture(context.picture, requireInput(model.manifest));
    return { model, fitted, outputs: await context.infer(() => runOnPixels(model, fitted.pixels)) };
  });
}

/** Runs a model on one part of the picture. @throws AppError as `runOnWholePicture`, and `invalid_argument` for a part outside of it */
export async function runOnPart(
  context: StepContext,
  { box, model }: { box: BoxXyxy; model: LoadedModel<TensorSession> },
): Promise<PictureRun> {
  const fitted = await fitPicture(await context.picture.part(box), requireInput(model.manifest));
  return { model, fitted, outputs: await context.infer(() => runOnPixels(model, fitted.pixels)) };
}

/** Reads a model's outputs. @throws AppError `model_error` that names the model and says what is wrong with them */
export function readOutputs<T>({ manifest }: LoadedModel, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'its outputs cannot be read';
    throw new AppError('model_error', `model "${manifest.name}": ${reason}`, { cause });
  }
}
