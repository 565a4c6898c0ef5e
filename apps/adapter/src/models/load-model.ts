import { AppError } from '@nightjar/runtime/app-error';
import type { Logger } from '@nightjar/runtime/logger';
import { OnnxSession } from '../backends/onnx/onnx-session.js';
import type { ConvertedModelCache } from './converted-model-cache.js';
import { nanodetOutputs } from './decoders/nanodet-decoder.js';
import type { LoadedModel, Precision } from './loaded-model.js';
import type { ModelManifest } from './model-manifest.js';
import type { ModelFiles, ModelRepository } from './model-repository.js';
import { checkPicture, compareOutputs } from './precision-check.js';
import { converterVersion, convertGraphModel } from './tfjs-to-onnx/convert-graph-model.js';
import { GraphModelJson } from './tfjs-to-onnx/graph-model.js';
import { readWeights } from './tfjs-to-onnx/weights-reader.js';

/** Which outputs a decoder reads; the graph is cut to them. */
const outputsOfDecoder: Readonly<Record<ModelManifest['decoder'], readonly string[]>> = { nanodet: nanodetOutputs };

export interface ModelLoading {
  readonly repository: ModelRepository;
  readonly cache: ConvertedModelCache;
  readonly logger: Logger;
}

/**
 * Loads a model and runs it once, so that the first request finds it warm. Where there are activation ranges, the int8 form is
 * taken after it was seen to agree with fp32 on a fixed picture on this very CPU; else fp32.
 * @throws AppError `not_found` for an unknown name, `model_error` when the files or the conversion fail
 */
export async function loadModel(name: string, { repository, cache, logger }: ModelLoading): Promise<LoadedModel> {
  const files = await repository.open(name);
  const { manifest, fingerprint, activationRanges } = files;
  const open = (precision: Precision) => openSession({ files, precision, cache, logger });
  const picture = checkPicture(manifest.input.widthPixels, manifest.input.heightPixels);

  const fp32 = await open('fp32');
  const reference = await fp32.run(picture);
  if (!activationRanges) return { manifest, fingerprint, precision: 'fp32', session: fp32 };

  const int8 = await open('int8');
  const { agree, worstCosine } = compareOutputs(reference, await int8.run(picture));
  const [kept, dropped] = agree ? [int8, fp32] : [fp32, int8];
  await dropped.release();
  if (!agree) logger.warn('int8 disagrees with fp32 on this CPU, fp32 is used', { model: name, worstCosine });
  return { manifest, fingerprint, precision: agree ? 'int8' : 'fp32', session: kept };
}

async function openSession(options: {
  files: ModelFiles;
  precision: Precision;
  cache: ConvertedModelCache;
  logger: Logger;
}): Promise<OnnxSession> {
  const { files, precision, cache, logger } = options;
  const { name } = files.manifest;
  const key = `${name}-${files.fingerprint.slice('sha256:'.length, 'sha256:'.length + 16)}-c${converterVersion}-${precision}`;
  const convert = () => convertToOnnx(files, precision);
  try {
    return await OnnxSession.create(await cache.get(key, convert));
  } catch (error) {
    logger.warn('a converted model is damaged and is made again', { model: name, precision, error });
  }
  await cache.discard(key);
  try {
    return await OnnxSession.create(await cache.get(key, convert));
  } catch (cause) {
    throw new AppError('model_error', `model "${name}" cannot be loaded`, { cause });
  }
}

async function convertToOnnx({ manifest, contents, activationRanges }: ModelFiles, precision: Precision): Promise<Uint8Array> {
  const [graphFile] = manifest.files;
  const read = (path: string) => contents.get(path) ?? Buffer.alloc(0);
  const model = GraphModelJson.parse(JSON.parse(Buffer.from(read(graphFile!.path)).toString('utf8')));
  // The graph names its weight files beside itself.
  const directory = graphFile!.path.replace(/[^/]*$/, '');
  return convertGraphModel({
    model,
    weights: await readWeights(model.weightsManifest, async (file) => read(directory + file)),
    outputs: outputsOfDecoder[manifest.decoder],
    picture: { channelOrder: manifest.input.channelOrder, mean: manifest.input.mean, deviation: manifest.input.deviation },
    dynamicBatch: true,
    activationRanges: precision === 'int8' ? activationRanges : undefined,
  });
}
