import { AppError } from '@nightjar/runtime/app-error';
import { IdentitySession } from '../backends/identity/identity-session.js';
import type { LoadedModel } from './loaded-model.js';
import { loadBlip } from './loaders/load-blip.js';
import { loadConvertedGraph } from './loaders/load-converted-graph.js';
import { loadOnnx } from './loaders/load-onnx.js';
import { loadPaddleOcr } from './loaders/load-paddle-ocr.js';
import { tensorflowLoader } from './loaders/load-tensorflow.js';
import { loadTransformers } from './loaders/load-transformers.js';
import { kindOf, type ModelFormat } from './model-manifest.js';
import type { LoadingTools, ModelLoader } from './model-loader.js';
import type { ModelRepository } from './model-repository.js';

const loadIdentity: ModelLoader = () => Promise.resolve({ session: new IdentitySession(), precision: 'fp32', device: 'cpu' });

/** How each format is loaded. */
const loaders: { readonly [Format in ModelFormat]: ModelLoader } = {
  onnx: loadOnnx,
  'tfjs-graph-model': loadConvertedGraph,
  tensorflow: tensorflowLoader(),
  'paddle-ocr': loadPaddleOcr,
  transformers: loadTransformers,
  'blip-onnx': loadBlip,
  identity: loadIdentity,
};

interface ModelLoading extends LoadingTools {
  readonly repository: ModelRepository;
}

/**
 * Loads a model and runs it once, so that the first request finds it warm.
 * @param reference `name`, or `name@version`
 * @throws AppError `not_found` for an unknown one, `model_error` when its files are at fault, `unavailable` when the machine is
 */
export async function loadModel(reference: string, { repository, ...tools }: ModelLoading): Promise<LoadedModel> {
  const model = await repository.open(reference);
  const { manifest, verified } = model;
  const parts = await loaders[manifest.format](model, tools).catch((error: unknown) => {
    throw failureOf(manifest.name, error);
  });
  return { manifest, kind: kindOf(manifest), fingerprint: verified.fingerprint, ...parts };
}

/** Whatever went wrong was not what the caller said. */
function failureOf(name: string, error: unknown): AppError {
  if (!(error instanceof AppError)) return new AppError('model_error', `model "${name}" cannot be loaded`, { cause: error });
  if (error.code !== 'invalid_argument') return error;
  return new AppError('unavailable', `model "${name}": ${error.message}`, { cause: error });
}
