import { createHash } from 'node:crypto';
import { AppError } from '@nightjar/runtime/app-error';
import { onnxFailure } from '../../backends/onnx/onnx-errors.js';
import { OnnxSession } from '../../backends/onnx/onnx-session.js';
import type { Precision } from '../../engine/engine-tasks.js';
import type { ExecutionProvider } from '../../engine/protocol.js';
import { graphOutputsOf } from '../decoder-outputs.js';
import { readVerified } from '../model-files.js';
import type { LoadingTools, ModelLoader } from '../model-loader.js';
import type { PictureInput } from '../model-manifest.js';
import type { OpenedModel } from '../model-repository.js';
import { convertGraphModelFiles, converterVersion } from '../tfjs-to-onnx/convert-graph-model.js';
import { openOnnx, type ModelVariant } from './open-onnx.js';

/** TensorFlow.js graphs, as ONNX; with activation ranges also in int8. */
export const loadConvertedGraph: ModelLoader = (model, tools) => {
  const { manifest, activationRanges } = model;
  const variant = (precision: Precision): ModelVariant => ({
    precision,
    open: (provider) => openSession(model, { precision, provider }, tools),
  });
  const variants = activationRanges ? [variant('int8'), variant('fp32')] : [variant('fp32')];
  return openOnnx({ manifest, takes: manifest.input && normalisedInside(manifest.input), variants }, tools);
};

/** The converter puts the normalisation into the graph: what goes in is what a picture decoder gives. */
function normalisedInside(input: PictureInput): PictureInput {
  return { ...input, name: undefined, layout: 'nhwc', dtype: 'uint8', channelOrder: 'rgb', mean: [0, 0, 0], deviation: [1, 1, 1] };
}

interface Wanted {
  readonly precision: Precision;
  readonly provider: ExecutionProvider;
}

async function openSession(model: OpenedModel, { precision, provider }: Wanted, { cache, logger }: LoadingTools): Promise<OnnxSession> {
  const { name } = model.manifest;
  const key = cacheKey(model, precision);
  const convert = () => convertToOnnx(model, precision);
  try {
    return await OnnxSession.create(await cache.get(key, convert), provider);
  } catch (error) {
    // A provider that fails would fail on a new conversion, too.
    if (provider !== 'cpu' || error instanceof AppError) throw error;
    logger.warn('a converted model is damaged and is made again', { model: name, precision, error });
  }
  await cache.discard(key);
  try {
    return await OnnxSession.create(await cache.get(key, convert), provider);
  } catch (cause) {
    throw onnxFailure(`model "${name}"`, cause);
  }
}

/** Holds all that the converted bytes depend on: weights, converter, and what the manifest puts into the graph. */
function cacheKey({ manifest, verified }: OpenedModel, precision: Precision): string {
  const { channelOrder, mean, deviation } = manifest.input ?? {};
  const intoGraph = JSON.stringify([verified.fingerprint, channelOrder, mean, deviation, manifest.decoder]);
  const hash = createHash('sha256').update(intoGraph).digest('hex').slice(0, 16);
  return `${manifest.name}-${hash}-c${converterVersion}-${precision}`;
}

async function convertToOnnx(model: OpenedModel, precision: Precision): Promise<Uint8Array> {
  const { manifest, verified, activationRanges } = model;
  const graphFile = verified.files.find(({ role }) => role === 'model')!;
  // The graph names its weight files beside itself.
  const folder = graphFile.path.replace(/[^/]*$/, '');
  const readWeightFile = async (name: string) => {
    const file = verified.files.find(({ path }) => path === folder + name);
    if (!file) throw new AppError('model_error', `model "${manifest.name}": its manifest names no file ${folder + name}`);
    return readVerified(verified, file);
  };
  const { input } = manifest;
  return convertGraphModelFiles({
    graph: await readVerified(verified, graphFile),
    readFile: readWeightFile,
    outputs: graphOutputsOf(manifest.decoder),
    picture: input && { channelOrder: input.channelOrder, mean: input.mean, deviation: input.deviation },
    dynamicBatch: 'where possible',
    activationRanges: precision === 'int8' ? activationRanges : undefined,
  });
}
