import { AppError } from '@nightjar/runtime/app-error';
import { installedTensorflow, type GraphArtifacts, type TensorflowRuntime } from '../../backends/tensorflow/tensorflow-runtime.js';
import { TensorflowSession } from '../../backends/tensorflow/tensorflow-session.js';
import { graphOutputsOf } from '../decoder-outputs.js';
import { readVerified } from '../model-files.js';
import type { ModelLoader } from '../model-loader.js';
import type { OpenedModel } from '../model-repository.js';
import { GraphModelJson } from '../tfjs-to-onnx/graph-model.js';
import { checkedRun } from '../warm-up.js';

/**
 * TensorFlow.js graph models that TensorFlow.js itself is to run: for graphs that the converter does not cover, and to check it.
 * @param findRuntime the library to use
 */
export function tensorflowLoader(findRuntime: () => Promise<TensorflowRuntime> = installedTensorflow): ModelLoader {
  return async (model) => {
    const { tensorflow, device } = await findRuntime();
    const { manifest } = model;
    const artifacts = await readArtifacts(model);
    const session = await TensorflowSession.create(tensorflow, artifacts, graphOutputsOf(manifest.decoder)).catch((cause: unknown) => {
      throw new AppError('model_error', `model "${manifest.name}": TensorFlow.js cannot run it`, { cause });
    });
    try {
      await checkedRun(manifest, { session, takes: manifest.input });
      return { session, takes: manifest.input, precision: 'fp32', device };
    } catch (error) {
      await session.release();
      throw error;
    }
  };
}

async function readArtifacts(model: OpenedModel): Promise<GraphArtifacts> {
  const { manifest, verified } = model;
  const graphFile = verified.files.find(({ role }) => role === 'model')!;
  let json: unknown;
  let weightsManifest: GraphModelJson['weightsManifest'];
  try {
    json = JSON.parse(Buffer.from(await readVerified(verified, graphFile)).toString('utf8'));
    ({ weightsManifest } = GraphModelJson.parse(json));
  } catch (cause) {
    throw new AppError('model_error', `model "${manifest.name}": ${graphFile.path} is no TensorFlow.js graph model`, { cause });
  }
  const folder = graphFile.path.replace(/[^/]*$/, '');
  const parts: Uint8Array[] = [];
  for (const name of weightsManifest.flatMap(({ paths }) => paths)) {
    const file = verified.files.find(({ path }) => path === folder + name);
    if (!file) throw new AppError('model_error', `model "${manifest.name}": its manifest names no file ${folder + name}`);
    parts.push(await readVerified(verified, file));
  }
  const { modelTopology, signature, userDefinedMetadata } = json as Pick<
    GraphArtifacts,
    'modelTopology' | 'signature' | 'userDefinedMetadata'
  >;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  // A copy of its own: a Buffer may lie in a larger one.
  const weightData = Uint8Array.from(Buffer.concat(parts)).buffer;
  return { modelTopology, format: 'graph-model', weightSpecs, weightData, signature, userDefinedMetadata };
}
