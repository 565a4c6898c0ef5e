import * as tf from '@tensorflow/tfjs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { convertGraphModel } from './convert-graph-model.js';
import { GraphModelJson } from './graph-model.js';
import { graphModel, type SmallGraph } from './small-graphs.fixture.js';
import { readWeights } from './weights-reader.js';

export interface Result {
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

/** What TensorFlow.js computes, on its plain JavaScript backend. */
export async function computeWithTensorflow(graph: SmallGraph): Promise<Result[]> {
  await tf.setBackend('cpu');
  const { json, weights } = graphModel(graph);
  const { weightsManifest } = json as unknown as GraphModelJson;
  const weightSpecs = weightsManifest[0]!.weights as unknown as tf.io.WeightsManifestEntry[];
  const model = await tf.loadGraphModel({ load: async () => ({ ...json, weightSpecs, weightData: Uint8Array.from(weights).buffer }) });
  const { type, shape, values } = graph.input;
  const tensor = tf.tensor(type === 'int32' ? Int32Array.from(values) : Float32Array.from(values), [...shape], type);
  const results = [model.execute(tensor, [...graph.outputs])].flat() as tf.Tensor[];
  const read = results.map((result) => ({ dims: [...result.shape], values: Array.from(result.dataSync()) }));
  tf.dispose([...results, tensor]);
  model.dispose();
  return read;
}

/** What ONNX Runtime computes from the converted graph. */
export async function computeConverted(graph: SmallGraph): Promise<Result[]> {
  const { json, weights } = graphModel(graph);
  const model = GraphModelJson.parse(json);
  const converted = convertGraphModel({
    model,
    weights: await readWeights(model.weightsManifest, async () => weights),
    outputs: graph.outputs,
  });
  const session = await InferenceSession.create(converted, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const { type, shape, values } = graph.input;
  const data = type === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
  const results = await session.run({ input: new Tensor(type as 'float32', data as Float32Array, shape) });
  await session.release();
  return graph.outputs.map((name) => {
    const { dims, data: numbers } = results[name]!;
    return { dims: [...dims], values: Array.from(numbers as Float32Array, Number) };
  });
}
